#!/usr/bin/env bash
# Installs what passkeylab's tests need besides Go, make and git, and nothing else.
#
#   deploy/deps.sh            install what is missing (Debian, Ubuntu); elsewhere say what to install
#   deploy/deps.sh --check    only say what is missing
#   deploy/deps.sh --list     each need on a line, for programs: ok or missing, package, why; separated by tabs
#
# Exit codes: 0 everything is there (now), 1 something is missing and could not be installed, 2 wrong usage.
# A browser of your own, in PASSKEYLAB_BROWSER_PATH or in ginkgo.yaml (browser.path), is used and none is installed.
set -euo pipefail

os_release=${OS_RELEASE:-/etc/os-release}
font_folders=${FONT_FOLDERS:-/usr/share/fonts:/usr/local/share/fonts:$HOME/.fonts:$HOME/.local/share/fonts:/System/Library/Fonts:/Library/Fonts}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() { printf 'deps: %s\n' "$*"; }
have() { command -v "$1" >/dev/null 2>&1; }

own_browser() {
    if [ -n "${PASSKEYLAB_BROWSER_PATH:-}" ]; then
        printf '%s' "$PASSKEYLAB_BROWSER_PATH"
        return
    fi
    local file=${PASSKEYLAB_CONFIG:-$here/ginkgo.yaml}
    [ -f "$file" ] || return 0
    # The value of path: in the section browser:, without quotes and comment.
    sed -n '/^browser:/,/^[^ #]/s/^ *path: *//p' "$file" | sed -e 's/ #.*//' -e 's/^["'\'']//' -e 's/["'\''] *$//' | head -n 1
}

browser_missing() {
    local own
    own=$(own_browser)
    if [ -n "$own" ]; then
        if have "$own" || [ -x "$own" ] || [ -x "$here/$own" ]; then
            [ -n "$listing" ] || say "using your own browser: $own"
            return 1
        fi
        say "your own browser, $own, cannot be run; correct browser.path or PASSKEYLAB_BROWSER_PATH, or remove it to have Chromium installed" >&2
        exit 1
    fi
    ! { have chromium || have chromium-browser || have google-chrome || have google-chrome-stable; }
}

header_missing() { ! { have gcc && printf '#include <%s>\n' "$1" | gcc -E - >/dev/null 2>&1; }; }

font_missing() {
    local folder IFS=:
    for folder in $font_folders; do
        if [ -d "$folder" ] && [ -n "$(find "$folder" -iname "$1" -print -quit 2>/dev/null)" ]; then
            return 1
        fi
    done
    return 0
}

# Any font with Japanese letters will do.
japanese_missing() { font_missing 'ipag*' && font_missing 'NotoSansCJK*' && font_missing 'NotoSansJP*' && font_missing 'VL-Gothic*'; }

# What is missing: the Debian packages, and why each is needed.
packages=()
reasons=()
listing=

# need PACKAGE WHY CHECK... records one need; the check is true when it is missing.
need() {
    local package=$1 why=$2 state=ok
    shift 2
    if "$@"; then
        state=missing
        packages+=("$package")
        reasons+=("$why")
    fi
    if [ -n "$listing" ]; then printf '%s\t%s\t%s\n' "$state" "$package" "$why"; fi
}

lacks() { ! have "$1"; }

find_missing() {
    packages=()
    reasons=()
    need chromium "the browser that the journeys drive" browser_missing
    need dbus-daemon "the bus on which a browser and a phone in software find each other" lacks dbus-daemon
    need gcc "compiles the TPM simulator, which is written in C" lacks gcc
    need libc6-dev "headers of the C library, for the TPM simulator" header_missing stdlib.h
    need libssl-dev "headers of OpenSSL, for the TPM simulator" header_missing openssl/evp.h
    need swtpm "a second TPM in software, which keys must live in as well" lacks swtpm
    need fonts-liberation "letters: without a font, screenshots show boxes" font_missing 'Liberation*'
    need fonts-noto-core "letters of other scripts and the signs that pages use" font_missing 'NotoSans-*'
    need fonts-ipafont-gothic "letters of Japanese, which the pages speak" japanese_missing
}

# field NAME reads one value from the file that describes the system.
field() { [ -r "$os_release" ] && sed -n "s/^$1=//p" "$os_release" | tr -d '"' | head -n 1; }

is_debian() {
    have apt-get || return 1
    case " $(field ID) $(field ID_LIKE) " in
        *" debian "* | *" ubuntu "*) return 0 ;;
    esac
    return 1
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif have sudo; then
        say "asking sudo for: $*"
        sudo "$@"
    else
        say "this needs root, and there is no sudo; run as root: $*" >&2
        exit 1
    fi
}

# known PACKAGE is true when the lists on this machine offer the package.
known() { apt-cache policy "$1" 2>/dev/null | grep -q 'Candidate: [^(]'; }

update_lists() {
    say "fetching the lists of packages, because $1"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq
}

install_missing() {
    local package
    for package in "${packages[@]}"; do
        if ! known "$package"; then
            update_lists "this machine's lists do not offer $package"
            break
        fi
    done
    choose_chromium
    say "installing: ${packages[*]}"
    local install=(env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}")
    if ! as_root "${install[@]}"; then
        update_lists "the installation failed, and lists that are too old are the usual reason"
        as_root "${install[@]}"
    fi
}

# Ubuntu has no package chromium; chromium-browser there installs it as a snap.
choose_chromium() {
    local i
    for i in "${!packages[@]}"; do
        if [ "${packages[$i]}" = chromium ] && ! known chromium && known chromium-browser; then
            packages[i]=chromium-browser
        fi
    done
}

# The same needs as other systems call them.
advise() {
    say "this is not Debian or Ubuntu; install these by hand, then run make deps again:"
    case " $(field ID) $(field ID_LIKE) " in
        *" fedora "* | *" rhel "*) translate 'sudo dnf install' \
            chromium chromium dbus-daemon dbus-daemon gcc gcc libc6-dev glibc-devel libssl-dev openssl-devel swtpm swtpm \
            fonts-liberation liberation-fonts fonts-noto-core google-noto-sans-fonts fonts-ipafont-gothic ipa-gothic-fonts ;;
        *" arch "*) translate 'sudo pacman -S' \
            chromium chromium dbus-daemon dbus gcc gcc libc6-dev glibc libssl-dev openssl swtpm swtpm \
            fonts-liberation ttf-liberation fonts-noto-core noto-fonts fonts-ipafont-gothic otf-ipafont ;;
        *" alpine "*) translate 'sudo apk add' \
            chromium chromium dbus-daemon dbus gcc gcc libc6-dev musl-dev libssl-dev openssl-dev swtpm swtpm \
            fonts-liberation font-liberation fonts-noto-core font-noto fonts-ipafont-gothic font-ipa ;;
        *" suse "* | *" opensuse "*) translate 'sudo zypper install' \
            chromium chromium dbus-daemon dbus-1-daemon gcc gcc libc6-dev glibc-devel libssl-dev libopenssl-devel swtpm swtpm \
            fonts-liberation liberation-fonts fonts-noto-core google-noto-sans-fonts fonts-ipafont-gothic ipa-gothic-fonts ;;
        *) if [ "$(uname -s)" = Darwin ]; then
            translate 'brew install' \
                chromium '--cask chromium' dbus-daemon dbus gcc gcc libc6-dev '' libssl-dev openssl@3 swtpm swtpm \
                fonts-liberation '--cask font-liberation' fonts-noto-core '--cask font-noto-sans' fonts-ipafont-gothic '--cask font-noto-sans-jp'
        else
            say "    (names of Debian's packages) ${packages[*]}"
        fi ;;
    esac
}

# translate COMMAND (DEBIAN OTHER)... prints one line for each missing package.
translate() {
    local command=$1 package
    shift
    local names=("$@") i
    for package in "${packages[@]}"; do
        for ((i = 0; i < ${#names[@]}; i += 2)); do
            if [ "${names[$i]}" = "$package" ] && [ -n "${names[$((i + 1))]}" ]; then
                say "    $command ${names[$((i + 1))]}"
            fi
        done
    done
}

report_missing() {
    local i
    for i in "${!packages[@]}"; do
        say "missing: ${packages[$i]} (${reasons[$i]})"
    done
}

main() {
    case "${1:-}" in
        "" | --check) ;;
        --list) listing=yes ;;
        *)
            say "there is no option $1; use --check, --list or nothing" >&2
            exit 2
            ;;
    esac
    find_missing
    if [ -n "$listing" ]; then
        return
    fi
    if [ ${#packages[@]} -eq 0 ]; then
        say "everything is there"
        return
    fi
    report_missing
    if [ "${1:-}" = --check ]; then
        exit 1
    fi
    if ! is_debian; then
        advise
        exit 1
    fi
    install_missing
    find_missing
    if [ ${#packages[@]} -gt 0 ]; then
        report_missing
        say "the installation ended, but these are still missing" >&2
        exit 1
    fi
    say "everything is there now"
}

main "$@"

package web

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"github.com/passkeylab/passkeylab/rp"
)

// passkeyPage is the data of passkey-rename.html and passkey-delete.html, which stand in for the dialogs where
// there is no script.
type passkeyPage struct {
	base
	Card         cardView
	Value, Error string
}

// oneCard prepares one passkey with what the deletion's warnings depend on.
func (v *visit) oneCard(key string) (cardView, error) {
	info, err := v.rp.SecurityInfo(v.ctx(), v.sid)
	if err != nil {
		return cardView{}, err
	}
	for _, card := range info.Cards {
		if card.Key() == key {
			return v.card(card, len(info.Cards)-1, info.OtherMethods), nil
		}
	}
	return cardView{}, rp.ErrNotFound
}

func (s *Server) renamePage(v *visit) error {
	card, err := v.oneCard(v.r.PathValue("id"))
	if err != nil {
		return err
	}
	return v.showRename(http.StatusOK, card, card.Name, "")
}

func (v *visit) showRename(status int, card cardView, typed, problem string) error {
	page := passkeyPage{base: v.frame("rename", v.tongue.T("rename.title", "Name", card.Name)), Card: card, Value: typed, Error: problem}
	page.Shape = "narrow"
	return v.show(status, "passkey-rename", page)
}

// fieldJSON is the JSON answer about a field that needs another look.
type fieldJSON struct {
	problemJSON
	Field   string `json:"field"`
	Problem string `json:"problem"`
}

// rename answers a form with a redirect and a script with the page to show again.
func (s *Server) rename(v *visit) error {
	if err := v.form(); err != nil {
		return err
	}
	key, typed := v.r.PathValue("id"), v.r.PostFormValue("name")
	renamed, err := s.rp.Rename(v.ctx(), v.sid, key, typed)
	if problems := rp.FieldErrors(err); len(problems) > 0 {
		text := v.fieldError(problems[0])
		if v.json {
			return v.writeJSON(http.StatusUnprocessableEntity, fieldJSON{problemJSON: problemJSON{Code: "field.invalid", Message: text,
				RequestID: rp.RequestID(v.ctx())}, Field: problems[0].Field, Problem: problems[0].Problem})
		}
		card, err := v.oneCard(key)
		if err != nil {
			return err
		}
		return v.showRename(http.StatusUnprocessableEntity, card, typed, text)
	}
	if err != nil {
		return err
	}
	v.leave(flash{Toast: v.tongue.T("info.toast_renamed"), Focus: tail(renamed.Key())})
	return v.backToInfo()
}

// backToInfo answers a change made on Security info: the script fetches the page itself, a form follows there.
func (v *visit) backToInfo() error {
	if v.json {
		v.w.WriteHeader(http.StatusNoContent)
		return nil
	}
	return v.redirect(pathInfo)
}

func (s *Server) deletePage(v *visit) error {
	card, err := v.oneCard(v.r.PathValue("id"))
	if err != nil {
		return err
	}
	page := passkeyPage{base: v.frame("delete", v.tongue.T("delete.title", "Name", card.Name)), Card: card}
	page.Shape = "narrow"
	return v.show(http.StatusOK, "passkey-delete", page)
}

// delete removes a passkey here. One that is gone already counts as done; that of somebody else looks the same.
func (s *Server) delete(v *visit) error {
	if err := v.form(); err != nil {
		return err
	}
	key := v.r.PathValue("id")
	gone, err := s.rp.Delete(v.ctx(), v.sid, key)
	refusal := rp.AsRefusal(err)
	switch {
	case errors.Is(err, rp.ErrNotFound):
		v.leave(flash{Toast: v.tongue.T("info.toast_gone")})
		if v.json {
			return err
		}
		return v.redirect(pathInfo)
	case refusal != nil && refusal.Code == rp.CodeProofStale:
		return v.proveBeforeDelete(key, refusal)
	case refusal != nil && refusal.Code == rp.CodeLastMethod && !v.json:
		return s.deletePage(v)
	case err != nil:
		return err
	}
	v.leave(flash{Toast: v.tongue.T("info.toast_deleted"), Focus: "list", Removal: gone.Provider.Key, RemovalName: gone.Provider.Name, RemovalSteps: gone.Provider.Steps})
	return v.backToInfo()
}

// proveBeforeDelete sends the person to prove presence; both ways lead back to the same question.
func (v *visit) proveBeforeDelete(key string, refusal *rp.Refusal) error {
	if v.json {
		back := provePath(pathInfo + "?" + url.Values{"delete": {key}}.Encode())
		return v.writeJSON(refusal.Code.Status(), v.problemJSON(refusal, back))
	}
	return v.redirect(provePath(passkeyPath(key, "delete")))
}

func (s *Server) dismissReminder(v *visit) error {
	id, err := strconv.ParseInt(v.r.PathValue("id"), 10, 64)
	if err != nil {
		return errNoPage
	}
	if err := s.rp.DismissReminder(v.ctx(), v.sid, id); err != nil && !errors.Is(err, rp.ErrNotFound) {
		return err
	}
	v.leave(flash{Focus: "list"})
	return v.redirect(pathInfo)
}

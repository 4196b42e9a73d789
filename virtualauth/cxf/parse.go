package cxf

// Parse reads a document. It fails with an *Error for what is not in the format. What it returns shares no memory with
// document, except credentials of other types and collections.
func Parse(document []byte) (*Header, error) {
	if err := valid(document); err != nil {
		return nil, err
	}
	r := new(reader)
	h := r.header(r.object("", document))
	if r.err != nil {
		return nil, r.err
	}
	return h, nil
}

func (r *reader) header(o object) *Header {
	v := o.member("version")
	if major := v.number("major"); major != Major {
		r.fail(v.at("major"), "is %d, and only %d is known", major, Major)
	}
	minor := v.number("minor")
	if minor > 255 {
		r.fail(v.at("minor"), "is more than 255")
	}
	h := &Header{
		Minor: int(minor), ExporterRPID: o.text("exporterRpId"), ExporterDisplayName: o.text("exporterDisplayName"),
		Timestamp: o.time("timestamp"),
	}
	if !o.has("timestamp") {
		r.fail(o.at("timestamp"), "is missing")
	}
	for _, e := range o.list("accounts") {
		h.Accounts = append(h.Accounts, r.account(r.object(e.path, e.raw)))
	}
	return h
}

func (r *reader) account(o object) Account {
	a := Account{
		ID: o.id("id"), UserName: o.text("username"), Email: o.text("email"), FullName: o.optionalText("fullName"),
	}
	for _, e := range o.list("collections") {
		r.object(e.path, e.raw)
		a.Collections = append(a.Collections, e.raw)
	}
	for _, e := range o.list("items") {
		a.Items = append(a.Items, r.item(r.object(e.path, e.raw)))
	}
	return a
}

func (r *reader) item(o object) Item {
	i := Item{
		ID: o.id("id"), CreatedAt: o.time("creationAt"), ModifiedAt: o.time("modifiedAt"),
		Title: o.text("title"), Subtitle: o.optionalText("subtitle"),
	}
	for _, e := range o.list("credentials") {
		credential := r.object(e.path, e.raw)
		if credential.text("type") == typePasskey {
			i.Credentials = append(i.Credentials, Credential{Passkey: r.passkey(credential)})
		} else {
			i.Credentials = append(i.Credentials, Credential{Other: e.raw})
		}
	}
	return i
}

func (r *reader) passkey(o object) *Passkey {
	p := &Passkey{
		CredentialID: o.bytes("credentialId"), RPID: o.text("rpId"),
		UserName: o.text("username"), UserDisplayName: o.text("userDisplayName"), UserHandle: o.bytes("userHandle"),
		Key: o.bytes("key"),
	}
	// WebAuthn L3 §4 (credential id) and §5.4.3 bound two of them; nothing works without the others.
	o.bound("credentialId", len(p.CredentialID), 1023)
	o.bound("rpId", len(p.RPID), maxNameLength)
	o.bound("userHandle", len(p.UserHandle), 64)
	o.bound("key", len(p.Key), maxKeyLength)
	if o.has("fido2Extensions") {
		p.Extensions = r.extensions(o.member("fido2Extensions"))
	}
	return p
}

func (r *reader) extensions(o object) Extensions {
	e := Extensions{Payments: o.flag("payments")}
	if o.has("hmacCredentials") {
		e.HMACCredentials = r.hmacCredentials(o.member("hmacCredentials"))
	}
	if o.has("credBlob") {
		e.CredBlob = o.bytes("credBlob")
	}
	if o.has("largeBlob") {
		blob := o.member("largeBlob")
		e.LargeBlob = &LargeBlob{UncompressedSize: blob.number("uncompressedSize"), Data: blob.bytes("data")}
	}
	return e
}

// hmacCredentials reads the secrets; of an unknown algorithm they may have any length.
func (r *reader) hmacCredentials(o object) *HMACCredentials {
	h := &HMACCredentials{Algorithm: o.text("algorithm"), WithUV: o.bytes("credWithUV"), WithoutUV: o.bytes("credWithoutUV")}
	const secretLength = 32
	if h.Algorithm != HMACSHA256 {
		return h
	}
	if len(h.WithUV) != secretLength {
		r.fail(o.at("credWithUV"), "has %d bytes, want %d", len(h.WithUV), secretLength)
	}
	if len(h.WithoutUV) != secretLength {
		r.fail(o.at("credWithoutUV"), "has %d bytes, want %d", len(h.WithoutUV), secretLength)
	}
	return h
}

// bound judges the length of something that may not be empty.
func (o object) bound(member string, length, most int) {
	if length < 1 || length > most {
		o.fail(o.at(member), "has %d bytes, want 1 to %d", length, most)
	}
}

package lab

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
)

// adminToken is the administrator's credential at every relying party of our own. It guards nothing but a stage.
const adminToken = "the lab's administrator"

// Administer sends a request to the admin API as the administrator of our own relying party. A body is JSON.
func (v *Visitor) Administer(ctx context.Context, method, path string, body []byte) (*Reply, error) {
	return v.Do(ctx, method, path, http.Header{"Authorization": {"Bearer " + adminToken}, "Content-Type": {"application/json"}}, body)
}

// SignInAsAdmin signs the visitor in to the administrator's pages of our own relying party, besides any session that it has.
func (v *Visitor) SignInAsAdmin(ctx context.Context) error {
	reply, err := v.Post(ctx, "/admin/sign-in", url.Values{"token": {adminToken}})
	if err == nil && reply.Status >= http.StatusBadRequest {
		err = fmt.Errorf("%w: %s", ErrRefused, reply)
	}
	if err != nil {
		return fmt.Errorf("lab: sign in as administrator: %w", err)
	}
	return nil
}

package lab

import (
	"context"
	"net/http"
)

// adminToken is the administrator's credential at every relying party of our own. It guards nothing but a stage.
const adminToken = "the lab's administrator"

// Administer sends a request to the admin API as the administrator of our own relying party. A body is JSON.
func (v *Visitor) Administer(ctx context.Context, method, path string, body []byte) (*Reply, error) {
	return v.Do(ctx, method, path, http.Header{"Authorization": {"Bearer " + adminToken}, "Content-Type": {"application/json"}}, body)
}

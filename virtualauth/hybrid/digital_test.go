package hybrid_test

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"

	"github.com/passkeylab/passkeylab/virtualauth/ctap2"
	"github.com/passkeylab/passkeylab/virtualauth/hybrid"
)

const digitalRequest = `{"origin":"https://rp.test","requestType":"credential.get","request":{"digital":{"requests":[{"protocol":"openid4vp-v1-unsigned","data":{}}]}}}`

func TestARequestForADigitalCredentialIsRefusedPolitely(t *testing.T) {
	for _, hint := range []hybrid.Hint{hybrid.HintPresent, hybrid.HintIssue, hybrid.HintGetAssertion} {
		t.Run(string(hint), func(t *testing.T) {
			p := newPair(t)
			p.desktop.Hint = hint
			link, phone := p.mustMeet(t, echo{})
			answer, err := link.ExchangeJSON(t.Context(), []byte(digitalRequest))
			if err != nil {
				t.Fatal(err)
			}
			var refusal struct {
				Response struct{ Digital struct{ Error string } }
			}
			if err := json.Unmarshal(answer, &refusal); err != nil || refusal.Response.Digital.Error != "USER_CANCELED" {
				t.Errorf("got %s, %v", answer, err)
			}
			digital := hint != hybrid.HintGetAssertion
			if (link.Info() == nil) != digital || slices.Contains(link.Features(), hybrid.FeatureDigital) != digital {
				t.Errorf("the phone offered %v with getInfo %x", link.Features(), link.Info())
			}
			if _, err := ctap2.GetInfo(t.Context(), link); errors.Is(err, hybrid.ErrNoCTAP) != digital {
				t.Errorf("getInfo: %v", err)
			}
			_ = link.Close()
			if err := phone.wait(t); err != nil {
				t.Errorf("the phone ended with %v", err)
			}
		})
	}
}

func TestJSONThatIsNoRequestEndsTheTunnel(t *testing.T) {
	for _, request := range []string{``, `{`, `[]`, `{}`, `{"origin":"https://rp.test","requestType":"credential.get","request":{"digital":{"requests":[]}}}`} {
		t.Run(request, func(t *testing.T) {
			p := newPair(t)
			p.desktop.Hint = hybrid.HintPresent
			link, phone := p.mustMeet(t, echo{})
			if answer, err := link.ExchangeJSON(t.Context(), []byte(request)); !errors.Is(err, hybrid.ErrVanished) {
				t.Errorf("got %s, %v", answer, err)
			}
			var wrong *hybrid.ProtocolError
			if err := phone.wait(t); !errors.As(err, &wrong) {
				t.Errorf("the phone ended with %v", err)
			}
		})
	}
}

package journeys

import (
	"net/http"

	. "github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"

	"github.com/passkeylab/passkeylab/harness/client"
	"github.com/passkeylab/passkeylab/harness/config"
	"github.com/passkeylab/passkeylab/harness/lab"
	"github.com/passkeylab/passkeylab/rp"
	"github.com/passkeylab/passkeylab/rp/policy"
	"github.com/passkeylab/passkeylab/virtualauth"
	"github.com/passkeylab/passkeylab/virtualauth/attestation"
	"github.com/passkeylab/passkeylab/virtualauth/provider"
)

var _ = Describe("A policy about what a passkey claims", func() {
	Journey("POL-14", "sends a statement whose chain ends nowhere: it is refused, and the page says what is left on the key", Over(config.API), Regular,
		Given{Policy: attestedOnly()}, func(mia *Person) {
			key := lab.CertifiedKey()
			mia.lies(key, virtualauth.Misbehaviour{Attestation: attestation.Misbehaviour{ForeignRoot: true}})
			visitor := mia.addsOverTheAPI("security-key")
			reply := mia.verifies(visitor, mia.makesOneWith(visitor, key, client.Misbehaviour{}))
			mia.finds("it is refused", reply, gomega.And(gomega.HaveField("Status", http.StatusUnprocessableEntity), gomega.HaveField("Code()", gomega.BeEquivalentTo(rp.CodeAttestationInvalid))))
			shown := mia.fetches(visitor, visitor.Run+"/problem")
			mia.finds("the page names the problem and what is left", string(shown.Body), gomega.And(
				gomega.ContainSubstring("This passkey could not be accepted"), gomega.ContainSubstring(`data-test="stray-note"`),
			))
			mia.findsStored(0)
			mia.findsHeld(key, 1)
			mia.findsAudited(rp.ActionPasskeyRefused, rp.CodeAttestationInvalid)

			mia.lies(key, virtualauth.Misbehaviour{})
			mia.beginsAgain(visitor, "security-key")
			reply = mia.verifies(visitor, mia.makesOneWith(visitor, key, client.Misbehaviour{}))
			mia.finds("the same key with an honest chain is accepted", reply.Status, gomega.Equal(http.StatusCreated))
		})

	Journey("SEC-13", "claims a model that it is not: without attestation a list takes its word and says that nothing proves it, with attestation it is refused", Over(config.API), Regular,
		Given{Policy: onlyTheApp()}, func(mia *Person) {
			app, google := provider.LarkspurIDAndroid(), provider.GooglePasswordManager()
			claim := client.Misbehaviour{AAGUID: app.Model.AAGUID}
			visitor := mia.addsOverTheAPI("app")
			mia.finds("it is accepted by its word", mia.verifies(visitor, mia.makesOneWith(visitor, google, claim)).Status, gomega.Equal(http.StatusCreated))
			mia.finds("it counts as the model that it claims, unattested", mia.row(mia.findsStored(1)[0]), gomega.And(
				gomega.HaveField("AAGUID", app.Model.AAGUID), gomega.HaveField("Attested", false),
			))
			flagged := gomega.ConsistOf(adminsPasskey{AAGUID: app.Model.AAGUID.String(), Level: "notAttested"})
			mia.finds("the administrator is told so", mia.adminReads(), flagged)

			certified, liar := lab.CertifiedKey().Model.AAGUID, provider.USBSecurityKey()
			proving := attestedOnly()
			proving.KeyRestrictions = policy.AllowList(certified).KeyRestrictions
			mia.policyBecomes("a certified key alone, which proves it", proving)
			for _, lie := range []struct {
				says   string
				client client.Misbehaviour
				device virtualauth.Misbehaviour
				code   rp.Code
			}{
				{"without a statement", client.Misbehaviour{AAGUID: certified, HideAttestation: true}, virtualauth.Misbehaviour{}, rp.CodeAttestationRequired},
				{"in a statement that the key signs for itself", client.Misbehaviour{}, virtualauth.Misbehaviour{AAGUID: &certified}, rp.CodeAttestationRequired},
				{"in a statement about another model", client.Misbehaviour{AAGUID: certified}, virtualauth.Misbehaviour{}, rp.CodeAttestationInvalid},
			} {
				mia.lies(liar, lie.device)
				visitor := mia.addsOverTheAPI("security-key")
				reply := mia.verifies(visitor, mia.makesOneWith(visitor, liar, lie.client))
				mia.finds("the claim is refused "+lie.says, reply, gomega.And(
					gomega.HaveField("Status", http.StatusUnprocessableEntity), gomega.HaveField("Code()", gomega.BeEquivalentTo(lie.code)),
				))
			}
			mia.leavesStray(liar.Name, "a statement that does not verify leaves no trace of the passkey that it speaks of")
			mia.findsStored(1)
			mia.finds("nothing changed for the administrator", mia.adminReads(), flagged)
		})
})

package hybrid

// EncodeDigits lets tests write QR codes that no client would.
var EncodeDigits = encodeDigits

//! Reading the public key out of an X.509 certificate.

/// The `SubjectPublicKeyInfo` of a certificate, DER (RFC 5280, 4.1); `None` if it is not one.
pub(crate) fn public_key_of(certificate: &[u8]) -> Option<&[u8]> {
    let (outer, _) = element(certificate)?;
    let (mut fields, _) = element(outer.content)?;
    // An explicit version comes first where there is one, then the serial number, the signature
    // algorithm, the issuer, the validity and the subject.
    let (first, _) = element(fields.content)?;
    let before_key = if first.tag == 0xA0 { 6 } else { 5 };
    let mut rest = fields.content;
    for _ in 0..before_key {
        (_, rest) = element(rest)?;
    }
    (fields, _) = element(rest)?;
    Some(fields.whole)
}

struct Element<'a> {
    tag: u8,
    whole: &'a [u8],
    content: &'a [u8],
}

/// The first DER element and what follows it.
fn element(der: &[u8]) -> Option<(Element<'_>, &[u8])> {
    let (&tag, after_tag) = der.split_first()?;
    let (&first, after_length) = after_tag.split_first()?;
    let (length, content) = if first < 0x80 {
        (usize::from(first), after_length)
    } else {
        let count = usize::from(first & 0x7F);
        if count == 0 || count > 4 {
            return None;
        }
        let (bytes, rest) = after_length.split_at_checked(count)?;
        let length = bytes.iter().fold(0usize, |sum, byte| (sum << 8) | usize::from(*byte));
        (length, rest)
    };
    let (content, rest) = content.split_at_checked(length)?;
    let whole = der.get(..der.len() - rest.len())?;
    Some((Element { tag, whole, content }, rest))
}

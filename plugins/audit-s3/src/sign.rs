//! AWS Signature Version 4 for one request (docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html).

use hmac::{Hmac, KeyInit, Mac};
use portcullis_sdk::record::date;
use sha2::{Digest, Sha256};

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// The SHA-256 of some bytes.
pub fn digest(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// The `Host` header for an address: a port that its scheme has anyway is left out.
pub fn host(address: &str) -> String {
    let (scheme, rest) = address.split_once("://").unwrap_or(("https", address));
    let host = rest.split('/').next().unwrap_or_default().to_ascii_lowercase();
    let usual = if scheme == "http" { ":80" } else { ":443" };
    host.strip_suffix(usual).map(str::to_owned).unwrap_or(host)
}

/// With what, for where and when a request is signed.
pub struct Signing<'a> {
    pub key_id: &'a str,
    pub secret: &'a str,
    pub region: &'a str,
    pub host: &'a str,
    /// Seconds since 1970.
    pub now: u64,
}

impl Signing<'_> {
    /// The headers of a request with its date and its signature; `host`, which is signed too, is the client's to send. The names are in
    /// lower case, and the path is of characters that are not escaped.
    pub fn sign(&self, method: &str, path: &str, headers: Vec<(&str, String)>, payload: &str) -> Vec<(String, String)> {
        let [year, month, day, hour, minute, second] = date(self.now);
        let today = format!("{year:04}{month:02}{day:02}");
        let stamp = format!("{today}T{hour:02}{minute:02}{second:02}Z");
        let mut all = headers;
        all.push(("host", self.host.to_owned()));
        all.push(("x-amz-date", stamp.clone()));
        all.sort();
        let names: Vec<&str> = all.iter().map(|(name, _)| *name).collect();
        let names = names.join(";");
        let lines: String = all.iter().map(|(name, value)| format!("{name}:{}\n", value.trim())).collect();
        let canonical = format!("{method}\n{path}\n\n{lines}\n{names}\n{payload}");
        let scope = format!("{today}/{}/s3/aws4_request", self.region);
        let to_sign = format!("{ALGORITHM}\n{stamp}\n{scope}\n{}", hex::encode(digest(canonical.as_bytes())));
        let signature = hex::encode(mac(&self.key(&today), &to_sign));
        let authorization = format!("{ALGORITHM} Credential={}/{scope},SignedHeaders={names},Signature={signature}", self.key_id);
        let mut sent: Vec<(String, String)> =
            all.into_iter().filter(|(name, _)| *name != "host").map(|(name, value)| (name.to_owned(), value)).collect();
        sent.push(("authorization".to_owned(), authorization));
        sent
    }

    fn key(&self, today: &str) -> [u8; 32] {
        let secret = format!("AWS4{}", self.secret);
        [today, self.region, "s3", "aws4_request"].iter().fold(Vec::from(secret), |key, text| mac(&key, text).to_vec()).try_into().unwrap_or_default()
    }
}

fn mac(key: &[u8], text: &str) -> [u8; 32] {
    // A key of any length is taken, so there is nothing that could fail.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return [0; 32] };
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests;

//! What notifiers have in common: which occasions they tell of, and an approval in a few words.
//!
//! Who asks, the purpose and the command are the words of an agent. Escape them as the service that shows them wants; the rest of an
//! approval is the gateway's.

use serde::Deserialize;

use crate::delivery::Refused;
use crate::schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use crate::{Notice, Occasion};

/// The occasions in the words of a configuration.
const WORDS: [(&str, Occasion); 6] = [
    ("requested", Occasion::Requested),
    ("approved", Occasion::Approved),
    ("denied", Occasion::Denied),
    ("expired", Occasion::Expired),
    ("used", Occasion::Used),
    ("withdrawn", Occasion::Withdrawn),
];

/// The word for an occasion, as a configuration and JSON have it.
pub fn word(occasion: Occasion) -> &'static str {
    WORDS.iter().find(|(_, one)| *one == occasion).map_or("requested", |(word, _)| word)
}

/// Of which occasions a notifier tells. In a configuration a list of words that is not empty; by default all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Occasions(Vec<Occasion>);

impl Occasions {
    /// Whether this is among them.
    pub fn has(&self, occasion: Occasion) -> bool {
        self.0.contains(&occasion)
    }
}

impl Default for Occasions {
    fn default() -> Occasions {
        Occasions(WORDS.iter().map(|(_, occasion)| *occasion).collect())
    }
}

impl<'de> Deserialize<'de> for Occasions {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error as _;
        let words = Vec::<String>::deserialize(deserializer)?;
        if words.is_empty() {
            return Err(D::Error::custom("an empty list tells of nothing: leave the key out for everything"));
        }
        let occasion = |word: &String| {
            WORDS.iter().find(|(known, _)| known == word).map(|(_, occasion)| *occasion).ok_or_else(|| {
                let known: Vec<&str> = WORDS.iter().map(|(word, _)| *word).collect();
                D::Error::custom(format!("unknown occasion `{word}`, expected one of {}", known.join(", ")))
            })
        };
        words.iter().map(occasion).collect::<Result<_, _>>().map(Occasions)
    }
}

impl JsonSchema for Occasions {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Occasions".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let words = WORDS.map(|(word, _)| word);
        json_schema!({"type": "array", "minItems": 1, "items": {"enum": words}})
    }
}

/// What a notice is about, in the words that a person needs.
#[derive(Clone, Debug, Deserialize)]
pub struct Approval {
    /// Its id.
    pub id: String,
    /// Who asked.
    pub requester: String,
    /// On whose behalf.
    pub sponsor: Option<String>,
    /// What the session is for, in the requester's words.
    pub purpose: Option<String>,
    /// What would be run.
    pub command: String,
    /// On which registered cluster.
    pub connection: String,
    /// The rule that wants it approved.
    pub rule: String,
    /// How many people are needed.
    #[serde(default)]
    pub needed: u32,
    /// When it expires.
    pub expires: Option<String>,
    /// Who said yes.
    #[serde(default)]
    pub approved_by: Vec<String>,
}

impl Approval {
    /// Reads the approval of a notice.
    ///
    /// # Errors
    ///
    /// When it is not what the interface promises; trying again would not help.
    pub fn of(notice: &Notice) -> Result<Approval, Refused> {
        crate::json::from_str(&notice.approval).map_err(|error| Refused::for_good(format!("the approval cannot be read: {error}")))
    }

    /// Who asks, and for whom.
    pub fn who(&self) -> String {
        match &self.sponsor {
            Some(sponsor) => format!("{} for {sponsor}", self.requester),
            None => self.requester.clone(),
        }
    }

    /// A headline of some words: what happened, and where.
    pub fn headline(&self, occasion: Occasion) -> String {
        match occasion {
            Occasion::Requested => format!("{} wants an approval on {}", self.requester, self.connection),
            ended => format!("{} on {}: {}", self.requester, self.connection, word(ended)),
        }
    }

    /// One sentence that says enough to decide whether to look.
    pub fn sentence(&self, occasion: Occasion) -> String {
        let Approval { requester, command, connection, rule, .. } = self;
        match occasion {
            Occasion::Requested => {
                let purpose = self.purpose.as_ref().map(|purpose| format!(" for \"{purpose}\"")).unwrap_or_default();
                format!("{requester} wants to run `{command}` on {connection}{purpose} (rule {rule})")
            }
            ended => format!("`{command}` of {requester} on {connection} is {}", word(ended)),
        }
    }

    /// The facts that stand beside the command, each with its name. Empty ones are left out.
    pub fn facts(&self) -> Vec<(&'static str, String)> {
        let approved = self.approved_by.join(", ");
        let people = match self.needed {
            0 | 1 => String::new(),
            needed => format!("{needed} people"),
        };
        let all = [
            ("Who", self.who()),
            ("Cluster", self.connection.clone()),
            ("Why", self.purpose.clone().unwrap_or_default()),
            ("Rule", self.rule.clone()),
            ("Needs", people),
            ("Approved by", approved),
            ("Expires", self.expires.clone().unwrap_or_default()),
        ];
        all.into_iter().filter(|(_, value)| !value.is_empty()).collect()
    }
}

#[cfg(test)]
mod tests;

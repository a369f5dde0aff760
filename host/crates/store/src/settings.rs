use rand::Rng;

use crate::db::Store;
use crate::error::StoreError;
use crate::row::Columns;

const READING: &str = "reading a setting";
const WRITING: &str = "writing a setting";

impl Store {
    /// The value of a setting, when there is one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn setting(&self, name: &str) -> Result<Option<String>, StoreError> {
        let row = sqlx::query("SELECT content FROM settings WHERE name = $1")
            .bind(name)
            .fetch_optional(self.reader())
            .await
            .map_err(StoreError::doing(READING))?;
        row.map(|row| Columns::of("settings", &row).text("content")).transpose()
    }

    /// Set a setting, whether there was one or not.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn set_setting(&self, name: &str, content: &str) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO settings (name, content) VALUES ($1, $2)
             ON CONFLICT (name) DO UPDATE SET content = excluded.content",
        )
        .bind(name)
        .bind(content)
        .execute(self.writer())
        .await
        .map(|_| ())
        .map_err(StoreError::doing(WRITING))
    }

    /// A secret of `length` random bytes that stays the same for ever, across restarts and replicas: the
    /// first caller makes it. It is as secret as the database's file (mode 0600).
    ///
    /// # Errors
    /// When the database fails, or holds something else under this name.
    pub async fn secret(&self, name: &str, length: usize) -> Result<Vec<u8>, StoreError> {
        let name = format!("secret/{name}");
        let mut fresh = vec![0_u8; length];
        rand::rng().fill_bytes(&mut fresh);
        let text: String = fresh.iter().map(|byte| format!("{byte:02x}")).collect();
        sqlx::query("INSERT INTO settings (name, content) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING")
            .bind(&name)
            .bind(text)
            .execute(self.writer())
            .await
            .map_err(StoreError::doing(WRITING))?;
        // The writer, not a reader: what was just committed, also where a reader's snapshot is older.
        let row = sqlx::query("SELECT content FROM settings WHERE name = $1")
            .bind(&name)
            .fetch_one(self.writer())
            .await
            .map_err(StoreError::doing(READING))?;
        let kept = Columns::of("settings", &row).text("content")?;
        bytes(&kept).filter(|kept| kept.len() == length).ok_or(StoreError::Unreadable { table: "settings", column: "content" })
    }

    /// Count up and give the new value, beginning with 1; never gives the same twice. The gateway numbers
    /// policy generations with it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn next_number(&self, name: &str) -> Result<u64, StoreError> {
        let name = format!("number/{name}");
        let doing = StoreError::doing(WRITING);
        let mut transaction = self.writing().await.map_err(&doing)?;
        // The statement that takes the row's lock comes first: two replicas then count one after the other.
        sqlx::query("INSERT INTO settings (name, content) VALUES ($1, '0') ON CONFLICT (name) DO UPDATE SET content = settings.content")
            .bind(&name)
            .execute(&mut *transaction)
            .await
            .map_err(&doing)?;
        let row = sqlx::query("SELECT content FROM settings WHERE name = $1")
            .bind(&name)
            .fetch_one(&mut *transaction)
            .await
            .map_err(&doing)?;
        let last: u64 = Columns::of("settings", &row)
            .text("content")?
            .parse()
            .map_err(|_| StoreError::Unreadable { table: "settings", column: "content" })?;
        let next = last.saturating_add(1);
        sqlx::query("UPDATE settings SET content = $2 WHERE name = $1")
            .bind(&name)
            .bind(next.to_string())
            .execute(&mut *transaction)
            .await
            .map_err(&doing)?;
        transaction.commit().await.map_err(&doing)?;
        Ok(next)
    }
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    if !hex.len().is_multiple_of(2) || !hex.is_ascii() {
        return None;
    }
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).ok()).collect()
}

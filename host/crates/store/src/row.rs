//! Reading columns, with errors that name the column.

use sqlx::Row;
use sqlx::any::AnyRow;

use crate::error::StoreError;

pub(crate) struct Columns<'r> {
    table: &'static str,
    row: &'r AnyRow,
}

impl<'r> Columns<'r> {
    pub(crate) fn of(table: &'static str, row: &'r AnyRow) -> Self {
        Self { table, row }
    }

    fn bad(&self, column: &'static str) -> StoreError {
        StoreError::Unreadable { table: self.table, column }
    }

    pub(crate) fn text(&self, column: &'static str) -> Result<String, StoreError> {
        self.row.try_get(column).map_err(|_| self.bad(column))
    }

    pub(crate) fn maybe_text(&self, column: &'static str) -> Result<Option<String>, StoreError> {
        self.row.try_get(column).map_err(|_| self.bad(column))
    }

    pub(crate) fn int(&self, column: &'static str) -> Result<i64, StoreError> {
        self.row.try_get(column).map_err(|_| self.bad(column))
    }

    pub(crate) fn maybe_int(&self, column: &'static str) -> Result<Option<i64>, StoreError> {
        self.row.try_get(column).map_err(|_| self.bad(column))
    }

    pub(crate) fn flag(&self, column: &'static str) -> Result<bool, StoreError> {
        Ok(self.int(column)? != 0)
    }

    /// A list kept as JSON text: written and read whole, never asked about in SQL.
    pub(crate) fn list(&self, column: &'static str) -> Result<Vec<String>, StoreError> {
        serde_json::from_str(&self.text(column)?).map_err(|_| self.bad(column))
    }
}

/// The JSON text of a list of strings.
pub(crate) fn list_text(list: &[String]) -> String {
    serde_json::Value::from(list.to_vec()).to_string()
}

//! The access table as a page of the docs: `docs/access.md` holds what this prints, and a test fails when it drifts.

use std::fmt::Write;

use super::{Class, Role, Type};

/// The printed matrix: classes, scopes, and one line a type.
pub fn markdown() -> String {
    let mut page = String::new();
    page.push_str("| Class | Holds |\n|---|---|\n");
    for class in Class::ALL {
        let _ = writeln!(page, "| {} | {} |", class.letter(), class.meaning());
    }
    page.push_str("\n| Type |");
    for role in Role::ALL {
        let _ = write!(page, " {role} |");
    }
    page.push_str("\n|---|");
    page.push_str(&"---|".repeat(Role::ALL.len()));
    page.push('\n');
    for ty in Type::ALL {
        let _ = write!(page, "| {} |", ty.name());
        for cell in ty.cells() {
            let _ = write!(page, " {} |", cell.replace('*', "P N T D").replace('+', "P N T D C M K"));
        }
        page.push('\n');
    }
    page
}

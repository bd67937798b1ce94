//! What others derive from the lists and keep with them.

use std::any::{Any, TypeId};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// One value of every type that was asked for, made when it is first asked for.
#[derive(Default)]
pub(crate) struct Attached {
    values: Mutex<Vec<(TypeId, Arc<dyn Any + Send + Sync>)>>,
}

impl Attached {
    pub(crate) fn get<T: Any + Send + Sync + Default>(&self) -> Arc<T> {
        // A value is whole before it is in the list, so that a panic elsewhere leaves nothing half done.
        let mut values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
        let found = values.iter().find(|(id, _)| *id == TypeId::of::<T>()).map(|(_, value)| value.clone());
        let value = found.unwrap_or_else(|| {
            let value: Arc<dyn Any + Send + Sync> = Arc::new(T::default());
            values.push((TypeId::of::<T>(), value.clone()));
            value
        });
        value.downcast().expect("the value is of the type that it was found by")
    }
}

impl fmt::Debug for Attached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
        write!(f, "Attached({})", values.len())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[test]
    fn one_value_per_type() {
        let attached = Attached::default();
        attached.get::<AtomicU32>().store(7, Ordering::Relaxed);
        assert_eq!(attached.get::<AtomicU32>().load(Ordering::Relaxed), 7);
        assert_eq!(attached.get::<String>().as_str(), "");
    }
}

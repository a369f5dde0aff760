//! `portcullis:policy/documents`: the body, as far as the component asks for it.

use std::sync::Arc;

use wasmtime::component::{Linker, Resource, ResourceType};
use wasmtime::StoreContextMut;

use crate::document::Document;
use crate::failure::{Misuse, MustWait};
use crate::host::{CallState, Linking};

/// Marks the resource type; what it stands for is an index into [`CallState::documents`].
pub(crate) struct DocumentHandle;

/// Previews of one call. Each is a request to the API server; the caller keeps the first one's answer.
const PREVIEWS: usize = 4;

/// Pointers of one `get-all`.
const POINTERS: usize = 1024;

/// Bytes that one `get-all` gives: a component that asks for the whole document a thousand times must not make the gateway write it
/// out a thousand times.
const GET_ALL_BYTES: usize = 16 << 20;

type Store<'a> = StoreContextMut<'a, CallState>;

/// `preview` says how that function is linked, if at all.
pub(super) fn link(linker: &mut Linker<CallState>, name: &str, preview: Option<Linking>) -> wasmtime::Result<()> {
    let mut instance = linker.instance(name)?;
    // A dropped preview stays in the call's list, which is short and goes with the call.
    instance.resource("document", ResourceType::host::<DocumentHandle>(), |_, _| Ok(()))?;
    instance.func_wrap("[method]document.get", |mut store: Store<'_>, (this, pointer): (Resource<DocumentHandle>, String)| {
        Ok((document(&mut store, &this)?.get(&pointer),))
    })?;
    instance.func_wrap("[method]document.get-all", |mut store: Store<'_>, (this, pointers): (Resource<DocumentHandle>, Vec<String>)| {
        let document = document(&mut store, &this)?;
        if pointers.len() > POINTERS {
            return Err(misuse(format!("it asked for {} pointers at once; {POINTERS} are allowed", pointers.len())));
        }
        let mut bytes = 0;
        let mut values = Vec::with_capacity(pointers.len());
        for pointer in &pointers {
            let value = document.get(pointer);
            bytes += value.as_ref().map_or(0, String::len);
            if bytes > GET_ALL_BYTES {
                return Err(misuse(format!("it asked for more than {GET_ALL_BYTES} bytes of the body at once")));
            }
            values.push(value);
        }
        Ok((values,))
    })?;
    instance.func_wrap("[method]document.text", |mut store: Store<'_>, (this,): (Resource<DocumentHandle>,)| Ok((document(&mut store, &this)?.text(),)))?;
    match preview {
        None => {}
        Some(Linking::Immediate) => {
            type Preview = (Result<Resource<DocumentHandle>, String>,);
            let stub = |_: Store<'_>, (_,): (Resource<DocumentHandle>,)| -> wasmtime::Result<Preview> { Err(wasmtime::Error::new(MustWait)) };
            instance.func_wrap("[method]document.preview", stub)?;
        }
        Some(Linking::Waiting) => instance.func_wrap_async("[method]document.preview", |mut store: Store<'_>, (this,): (Resource<DocumentHandle>,)| {
            Box::new(async move {
                let document = document(&mut store, &this)?;
                let state = store.data_mut();
                state.previewed = true;
                if state.documents.len() > PREVIEWS {
                    return Err(misuse(format!("it asked for more than {PREVIEWS} previews")));
                }
                Ok((match document.preview().await {
                    Err(why) => Err(why),
                    Ok(preview) => {
                        let state = store.data_mut();
                        state.documents.push(preview);
                        let index = (state.documents.len() - 1) as u32;
                        Ok(Resource::<DocumentHandle>::new_own(index))
                    }
                },))
            })
        })?,
    }
    Ok(())
}

fn document(store: &mut Store<'_>, this: &Resource<DocumentHandle>) -> wasmtime::Result<Arc<dyn Document>> {
    store.data_mut().usage.host_call()?;
    store.data().documents.get(this.rep() as usize).cloned().ok_or_else(|| misuse("it used a document that does not exist".to_owned()))
}

fn misuse(text: String) -> wasmtime::Error {
    wasmtime::Error::new(Misuse(text))
}

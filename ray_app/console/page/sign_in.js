// Signing in with a key; a cookie that scripts cannot read stands for it afterwards.
import { ask, read, Refusal, useToken } from "/page/api.js";
import { write } from "/page/element.js";

const TRY_AGAIN_MS = 2000;

/** Returns who is signed in; asks for a key for as long as it takes. */
export async function signedIn() {
  for (;;) {
    try {
      return welcome(await read("session"));
    } catch (error) {
      if (error instanceof Refusal && error.status === 401) return welcome(await askForKey());
      await new Promise((go) => setTimeout(go, TRY_AGAIN_MS));
    }
  }
}

function welcome(session) {
  useToken(session.csrf_token);
  document.getElementById("sign-in").hidden = true;
  const out = document.getElementById("sign-out");
  out.hidden = session.csrf_token === null;
  out.addEventListener("click", async () => {
    await ask("session", { method: "DELETE" }).catch(() => {});
    location.reload();
  });
  return session;
}

function askForKey() {
  const form = document.getElementById("sign-in-form"), key = document.getElementById("key"), fault = document.getElementById("sign-in-fault");
  document.getElementById("sign-in").hidden = false;
  key.focus();
  return new Promise((done) => {
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      write(fault, "");
      try {
        const session = await read("session", { method: "POST", body: { key: key.value.trim() } });
        key.value = "";
        done(session);
      } catch (error) {
        write(fault, error instanceof Refusal ? error.message : "the server does not answer");
      }
    });
  });
}

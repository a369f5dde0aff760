// Written by `portcullis plugin build`: the policy, and what it throws told to the gateway. What is written as `error` stands in the refusal.
import { write } from "portcullis:policy/log@0.1.0";

function tell(error, fails) {
  // A function that may fail answers with an error of the interface's own; a text is no mistake of the program's either.
  if (error instanceof Error && !(fails && "payload" in error)) {
    const [place] = (error.stack ?? "").split("\n");
    write("error", `${error} (${place.slice(place.lastIndexOf("@") + 1)})`);
  }
  throw error;
}

const told = (work, fails) => (...given) => {
  try {
    const came = work(...given);
    return came instanceof Promise ? came.catch((error) => tell(error, fails)) : came;
  } catch (error) {
    return tell(error, fails);
  }
};

export const plugin = { describe: told(() => itself.describe()), configure: told((text) => itself.configure(text), true) };

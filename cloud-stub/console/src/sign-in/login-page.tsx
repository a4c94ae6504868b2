// The sign-in page.
import { IxButton } from "@siemens/ix-react";
import { type FormEvent, type ReactNode, useEffect, useState } from "react";
import { Navigate, useLocation } from "react-router";
import { PosternMark } from "../frame/postern-mark.tsx";
import { TextField } from "../frame/text-field.tsx";
import { UnreachableBanner } from "../frame/unreachable-banner.tsx";
import { usePageTitle } from "../frame/use-page-title.ts";
import { useSignIn } from "./current-user.tsx";
import { signInErrorText } from "./sign-in-error.ts";
import { signIn } from "./sign-in-requests.ts";

export function LoginPage(): ReactNode {
  const { state, recheck } = useSignIn();
  const location = useLocation();
  const [userName, setUserName] = useState("");
  const [password, setPassword] = useState("");
  const [error, setError] = useState<string>();
  const [isBusy, setIsBusy] = useState(false);
  usePageTitle("Sign in");

  // Once the cloud knows the person, the password has no business in the page's memory.
  useEffect(() => {
    if (state.kind === "signed-in") setPassword("");
  }, [state.kind]);

  if (state.kind === "signed-in") return <Navigate to={readOrigin(location.state)} replace />;

  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (isBusy) return;
    setIsBusy(true);
    setError(undefined);
    try {
      await signIn(userName, password);
      recheck();
    } catch (failure) {
      setError(signInErrorText(failure));
    } finally {
      setIsBusy(false);
    }
  };

  return (
    <main className="login">
      <UnreachableBanner />
      <form className="login-card" onSubmit={submit} noValidate aria-labelledby="login-title">
        <PosternMark />
        <h1 id="login-title">Postern</h1>
        <p className="soft">Remote access to the machines on your factory network</p>
        <TextField
          id="login-user"
          label="User"
          value={userName}
          onChange={setUserName}
          autoComplete="username"
          hasInitialFocus
        />
        <TextField
          id="login-password"
          label="Password"
          type="password"
          value={password}
          onChange={setPassword}
          autoComplete="current-password"
        />
        <div role="alert" data-testid="login-error" className="form-error">
          {error}
        </div>
        <IxButton type="submit" data-testid="login-submit" loading={isBusy} className="wide">
          Sign in
        </IxButton>
      </form>
    </main>
  );
}

/** Where the person was going; only paths of this console. */
function readOrigin(state: unknown): string {
  const from = (state as { readonly from?: unknown } | null)?.from;
  return typeof from === "string" && from.startsWith("/") && !from.startsWith("//") ? from : "/devices";
}

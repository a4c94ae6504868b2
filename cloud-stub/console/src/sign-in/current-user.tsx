// Who is signed in, for all pages; re-read now and then, so that a role taken away takes its buttons with it.
import { createContext, type ReactNode, useCallback, useContext, useEffect, useMemo, useState } from "react";
import { Navigate, Outlet, useLocation } from "react-router";
import { onSignedOut } from "../cloud/api-client.ts";
import { isApiError } from "../cloud/api-error.ts";
import { FullPageWait } from "../frame/full-page-wait.tsx";
import { usePolled } from "../polling/use-polled.ts";
import type { CurrentUser } from "./permissions.ts";
import { fetchCurrentUser } from "./sign-in-requests.ts";

const rolesEveryMs = 30_000;

type SignInState =
  | { readonly kind: "checking" }
  | { readonly kind: "signed-out" }
  | { readonly kind: "signed-in"; readonly user: CurrentUser };

interface SignInContextValue {
  readonly state: SignInState;
  /** Asks the cloud again, after a sign-in. */
  readonly recheck: () => void;
  /** Takes note that the person signed out. */
  readonly forget: () => void;
}

const SignInContext = createContext<SignInContextValue | undefined>(undefined);

export function SignInProvider({ children }: { readonly children: ReactNode }): ReactNode {
  const [attempt, setAttempt] = useState(0);
  const [isSignedOut, setIsSignedOut] = useState(false);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new attempt must make a new load, which drops the old user.
  const load = useCallback((signal: AbortSignal) => fetchCurrentUser(signal), [attempt]);
  const { value: user, error } = usePolled(load, rolesEveryMs);

  useEffect(() => onSignedOut(() => setIsSignedOut(true)), []);

  const value = useMemo<SignInContextValue>(() => {
    const forget = (): void => setIsSignedOut(true);
    const recheck = (): void => {
      setIsSignedOut(false);
      setAttempt((last) => last + 1);
    };
    if (isSignedOut || isApiError(error, "api.unauthorized")) return { state: { kind: "signed-out" }, recheck, forget };
    if (user === undefined) return { state: { kind: "checking" }, recheck, forget };
    return { state: { kind: "signed-in", user }, recheck, forget };
  }, [isSignedOut, user, error]);

  return <SignInContext value={value}>{children}</SignInContext>;
}

export function useSignIn(): SignInContextValue {
  const value = useContext(SignInContext);
  if (value === undefined) throw new Error("useSignIn is used outside SignInProvider");
  return value;
}

/** The signed-in person; only below RequireSignIn. */
export function useCurrentUser(): CurrentUser {
  const { state } = useSignIn();
  if (state.kind !== "signed-in") throw new Error("useCurrentUser is used outside RequireSignIn");
  return state.user;
}

/** Shows its routes to a signed-in person and the sign-in page to anybody else, remembering where they were going. */
export function RequireSignIn(): ReactNode {
  const { state } = useSignIn();
  const location = useLocation();
  switch (state.kind) {
    case "checking":
      return <FullPageWait text="Asking the cloud who is signed in" />;
    case "signed-out":
      return <Navigate to="/login" replace state={{ from: location.pathname }} />;
    case "signed-in":
      return <Outlet />;
    default:
      return state satisfies never;
  }
}

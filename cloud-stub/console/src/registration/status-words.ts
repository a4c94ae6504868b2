// The status of a registration request in words, and what happens next.

export interface StatusWords {
  readonly title: string;
  readonly next: string;
  readonly kind: "waiting" | "needs-you" | "good" | "bad";
}

/** The status in words, and what happens next. */
export function statusWords(status: string): StatusWords {
  switch (status) {
    case "WAITING_FOR_CONNECTION":
      return {
        title: "Waiting for connection",
        next: "Switch the gateway on. It calls in by itself; then you can accept it here.",
        kind: "waiting",
      };
    case "PENDING_ACCEPTANCE":
      return {
        title: "Pending acceptance",
        next: "The gateway has called in. Check that it is yours, then accept it.",
        kind: "needs-you",
      };
    case "ACCEPTED":
      return {
        title: "Accepted",
        next: "The gateway fetches its credentials with its next call and then appears under All devices.",
        kind: "good",
      };
    case "BLOCKED":
      return {
        title: "Blocked",
        next: "Too many wrong attempts. Remove the request and add it again.",
        kind: "bad",
      };
    default:
      return { title: status, next: "", kind: "waiting" };
  }
}

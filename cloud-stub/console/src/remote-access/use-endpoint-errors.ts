// What is wrong with what stands in the form of an endpoint, in the cloud's words: while somebody types, and after a save that was refused.
import { useEffect, useRef, useState } from "react";
import { errorText, isApiError } from "../cloud/api-error.ts";
import { checkEndpoint } from "./endpoint.ts";
import type { EndpointDraft } from "./endpoint-draft.ts";
import type { Endpoint } from "./endpoint-shape.ts";
import {
  type EndpointField,
  errorsWhileTyping,
  readSaveErrors,
  type SaveErrors,
  withoutFields,
} from "./field-errors.ts";
import { LiveCheck } from "./live-check.ts";

export interface EndpointErrors {
  readonly errors: SaveErrors;
  /** A person changed these parts of the form. */
  readonly touch: (part: Partial<EndpointDraft>) => void;
  /** Takes the cloud's words away from fields that now have something else in them. */
  readonly forgive: (fields: readonly EndpointField[]) => void;
  /** A save begins: what it says counts from now on. */
  readonly clear: () => void;
  readonly refused: (failure: unknown) => void;
}

const noErrors: SaveErrors = { fields: {} };

export function useEndpointErrors(
  deviceId: string,
  draft: EndpointDraft,
  existing: Endpoint | undefined,
): EndpointErrors {
  const [errors, setErrors] = useState<SaveErrors>(noErrors);
  const touched = useRef(new Set<string>());
  const liveCheck = useRef<LiveCheck<EndpointDraft, SaveErrors>>(undefined);
  useEffect(() => {
    const made = new LiveCheck<EndpointDraft, SaveErrors>({
      ask: (typed, signal) => checkEndpoint(deviceId, typed, existing, signal),
      tell: (judged, typed) =>
        setErrors((shown) =>
          errorsWhileTyping(shown, judged, (field) => touched.current.has(field) && typed[field] !== ""),
        ),
    });
    liveCheck.current = made;
    return () => made.stop();
  }, [deviceId, existing]);
  useEffect(() => {
    if (touched.current.size > 0) liveCheck.current?.typed(draft);
  }, [draft]);

  const forgive = (fields: readonly EndpointField[]): void => setErrors((last) => withoutFields(last, fields));
  return {
    errors,
    forgive,
    touch: (part) => {
      for (const field of Object.keys(part)) touched.current.add(field);
      // Whether a passphrase opens a key only a save finds out.
      if ("passphrase" in part || "privateKey" in part) forgive(["passphrase"]);
    },
    clear: () => {
      liveCheck.current?.forget();
      setErrors(noErrors);
    },
    refused: (failure) => {
      const text = errorText(failure);
      setErrors(isApiError(failure, "api.invalid") ? readSaveErrors(text) : { fields: {}, general: text });
    },
  };
}

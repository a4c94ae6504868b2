// What any part of the gateway tells of a lasting trouble: raised once, cleared once.

export type AlarmSeverity = "CRITICAL" | "MAJOR" | "MINOR" | "WARNING";

export type AlarmFact =
  | {
      readonly type: "alarm.raised";
      /** Names the trouble; at most one alarm of a type is active. */
      readonly alarmType: string;
      readonly severity: AlarmSeverity;
      readonly text: string;
    }
  | { readonly type: "alarm.cleared"; readonly alarmType: string };

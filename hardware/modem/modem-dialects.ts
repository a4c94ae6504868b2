// How the makers' modems differ, as data: what they are asked for the SIM's number, and how they are restarted.

export interface ModemDialect {
  /** Such as "Quectel". */
  readonly maker: string;
  /** Fits what +CGMI says. */
  readonly fits: RegExp;
  /** Commands that tell the number of the SIM card, tried in this order. */
  readonly iccid: readonly string[];
  /** Commands that restart the modem, tried in this order. */
  readonly reset: readonly string[];
}

/** 3GPP TS 27.007 has +CFUN=1,1 and +CCID's job is left to the makers. */
export const genericDialect: ModemDialect = {
  maker: "any",
  fits: /^/,
  iccid: ["+CCID", "+ICCID", "+QCCID", "+CICCID", "^ICCID?", "#CCID"],
  reset: ["+CFUN=1,1"],
};

/** From the makers' manuals of AT commands. */
export const modemDialects: readonly ModemDialect[] = [
  {
    maker: "Quectel",
    fits: /quectel/i,
    iccid: ["+QCCID", "+CCID", "+ICCID"],
    reset: ["+CFUN=1,1"],
  },
  {
    maker: "SIMCom",
    fits: /simcom/i,
    iccid: ["+CICCID", "+CCID", "+ICCID"],
    reset: ["+CFUN=1,1", "+CRESET"],
  },
  {
    maker: "Sierra Wireless",
    fits: /sierra/i,
    iccid: ["+ICCID", "!ICCID?", "+CCID"],
    reset: ["!RESET", "+CFUN=1,1"],
  },
  {
    maker: "Huawei",
    fits: /huawei/i,
    iccid: ["^ICCID?", "+CCID"],
    reset: ["^RESET", "+CFUN=1,1"],
  },
  {
    maker: "Telit",
    fits: /telit|cinterion|thales/i,
    iccid: ["#CCID", "+CCID"],
    reset: ["#REBOOT", "+CFUN=1,1"],
  },
  { maker: "u-blox", fits: /u-?blox/i, iccid: ["+CCID"], reset: ["+CFUN=16", "+CFUN=1,1"] },
  { maker: "ZTE", fits: /zte/i, iccid: ["+ZGETICCID", "+CCID"], reset: ["+CFUN=1,1"] },
];

/** The dialect of the maker that +CGMI names. */
export function dialectOf(maker: string): ModemDialect {
  return modemDialects.find(({ fits }) => fits.test(maker)) ?? genericDialect;
}

// The version that the gateway reports to the cloud; a test keeps it equal to package.json.

export const gatewayVersion = "0.1.0";

// Which page stands at which address.
import { createBrowserRouter, Navigate } from "react-router";
import { ControlTab } from "./control/control-tab.tsx";
import { DevicePage } from "./devices/device-page.tsx";
import { DevicesPage } from "./devices/devices-page.tsx";
import { InfoTab } from "./devices/info-tab.tsx";
import { AppFrame } from "./frame/app-frame.tsx";
import { FullPageWait } from "./frame/full-page-wait.tsx";
import { NotFoundPage } from "./frame/not-found-page.tsx";
import { RegistrationPage } from "./registration/registration-page.tsx";
import { EndpointsTab } from "./remote-access/endpoints-tab.tsx";
import { RequireSignIn } from "./sign-in/current-user.tsx";
import { LoginPage } from "./sign-in/login-page.tsx";

export const router = createBrowserRouter([
  { path: "/login", element: <LoginPage /> },
  {
    element: <RequireSignIn />,
    children: [
      {
        element: <AppFrame />,
        children: [
          { index: true, element: <Navigate to="/devices" replace /> },
          { path: "/devices", element: <DevicesPage /> },
          { path: "/registration", element: <RegistrationPage /> },
          // Few people need these four, and those who do need them seldom.
          {
            path: "/sessions",
            lazy: async () => ({ Component: (await import("./sessions/sessions-page.tsx")).SessionsPage }),
          },
          { path: "/audit", lazy: async () => ({ Component: (await import("./audit/audit-page.tsx")).AuditPage }) },
          {
            path: "/certificates",
            lazy: async () => ({
              Component: (await import("./certificates/certificates-page.tsx")).CertificatesPage,
            }),
          },
          { path: "/users", lazy: async () => ({ Component: (await import("./users/users-page.tsx")).UsersPage }) },
          {
            path: "/devices/:deviceId",
            element: <DevicePage />,
            children: [
              { index: true, element: <Navigate to="info" replace /> },
              { path: "info", element: <InfoTab /> },
              { path: "remote-access", element: <EndpointsTab /> },
              {
                path: "health",
                lazy: async () => ({ Component: (await import("./health/health-tab.tsx")).HealthTab }),
              },
              { path: "control", element: <ControlTab /> },
              { path: "audit", lazy: async () => ({ Component: (await import("./audit/audit-page.tsx")).AuditTab }) },
            ],
          },
          { path: "*", element: <NotFoundPage /> },
        ],
      },
      {
        path: "/connect/:deviceId/:configurationId",
        // The screen's code is big and only this page needs it.
        lazy: async () => ({ Component: (await import("./connect/connect-page.tsx")).ConnectPage }),
        hydrateFallbackElement: <FullPageWait text="Loading" />,
      },
    ],
  },
]);

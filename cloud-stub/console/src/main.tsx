// Starts the console in the page.
import "@siemens/ix/dist/siemens-ix/siemens-ix.css";
import "./console.css";
import { createRoot } from "react-dom/client";
import { RouterProvider } from "react-router/dom";
import { router } from "./routes.tsx";
import { SignInProvider } from "./sign-in/current-user.tsx";

const root = document.getElementById("root");
if (root === null) throw new Error("index.html must have an element with the id root");
createRoot(root).render(
  <SignInProvider>
    <RouterProvider router={router} />
  </SignInProvider>,
);

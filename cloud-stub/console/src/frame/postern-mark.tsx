// The product's mark: a small door in a wall.
import type { ReactNode } from "react";
import mark from "./postern.svg";

export function PosternMark({ size = 40 }: { readonly size?: number }): ReactNode {
  return <img src={mark} alt="" width={size} height={size} className="postern-mark" />;
}

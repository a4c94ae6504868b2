// What a gateway measures: of each the latest value, how old it is, and how it went.
import { IxCard, IxCardContent } from "@siemens/ix-react";
import { type ReactNode, useCallback } from "react";
import { PolledContent } from "../frame/polled-content.tsx";
import { TimeAgo } from "../frame/time-ago.tsx";
import { usePolled } from "../polling/use-polled.ts";
import { inOrder, readNumber, readRange, seriesWords, uplinkFragment } from "./measurement-words.ts";
import { fetchSeries } from "./measurements.ts";
import type { Series } from "./series.ts";
import { Trend } from "./trend.tsx";

const refreshEveryMs = 10_000;

export function MeasurementSection({ deviceId }: { readonly deviceId: string }): ReactNode {
  const load = useCallback((signal: AbortSignal) => fetchSeries(deviceId, signal), [deviceId]);
  const polled = usePolled(load, refreshEveryMs);
  return (
    <section aria-label="Measurements">
      <h2 className="section-title">Measurements</h2>
      <PolledContent polled={polled} waitText="Reading the measurements">
        {(series) =>
          series.length === 0 ? (
            <p className="soft" data-testid="no-measurements">
              The gateway has sent no measurements yet.
            </p>
          ) : (
            <div className="cards measurements" data-testid="measurements">
              {inOrder(series.filter(({ fragment }) => fragment !== uplinkFragment)).map((one) => (
                <SeriesCard key={one.key} series={one} />
              ))}
              <UplinkCard uplinks={series.filter(({ fragment }) => fragment === uplinkFragment)} />
            </div>
          )
        }
      </PolledContent>
    </section>
  );
}

function SeriesCard({ series }: { readonly series: Series }): ReactNode {
  const { label, unit } = seriesWords(series);
  const last = series.points.at(-1);
  if (last === undefined) return null;
  const first = series.points[0] ?? last;
  return (
    <Card title={label} atMs={last.atMs} testId={`measurement-${series.key}`}>
      <p className="measured">
        <span className="measured-value">{readNumber(last.value)}</span> {unit}
      </p>
      <Trend points={series.points} label={`${label}: ${readRange(series.points)} ${unit}`} />
      {series.points.length > 1 && (
        <p className="trend-words">
          <span>{readRange(series.points)}</span>
          <span>
            from <TimeAgo iso={new Date(first.atMs).toISOString()} />
          </span>
        </p>
      )}
    </Card>
  );
}

/** A picture of ones and zeros tells nobody anything: the name of the one in use does. */
function UplinkCard({ uplinks }: { readonly uplinks: readonly Series[] }): ReactNode {
  const newestMs = Math.max(...uplinks.map(({ points }) => points.at(-1)?.atMs ?? 0));
  const present = uplinks.filter(({ points }) => points.at(-1)?.atMs === newestMs);
  if (present.length === 0) return null;
  const used = present.filter(({ points }) => points.at(-1)?.value === 1).map(({ name }) => name);
  const others = present.filter(({ name }) => !used.includes(name)).map(({ name }) => name);
  return (
    <Card title="Way to the cloud" atMs={newestMs} testId="measurement-uplink">
      <p className="measured">
        <span className="measured-value">{used.length === 0 ? "none" : used.join(", ")}</span>
      </p>
      {others.length > 0 && <p className="soft">Also there: {others.join(", ")}</p>}
    </Card>
  );
}

interface CardProps {
  readonly title: string;
  readonly atMs: number;
  readonly testId: string;
  readonly children: ReactNode;
}

function Card({ title, atMs, testId, children }: CardProps): ReactNode {
  return (
    <IxCard variant="outline" passive data-testid={testId}>
      <IxCardContent>
        <div className="measured-head">
          <h3 className="card-title">{title}</h3>
          <span className="soft">
            <TimeAgo iso={new Date(atMs).toISOString()} />
          </span>
        </div>
        {children}
      </IxCardContent>
    </IxCard>
  );
}

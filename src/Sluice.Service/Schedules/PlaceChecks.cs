using System.Text.Json;
using Microsoft.Extensions.Options;
using Sluice.Jobs;
using Sluice.Store;

namespace Sluice.Service.Schedules;

/// <summary>
/// Asks a new schedule's databases whether its query can be run and its table be written, so that a fault shows now and not at night. A database that does not answer here
/// says nothing: it may answer the scheduler.
/// </summary>
internal sealed class PlaceChecks(NamedConnections connections, IOptions<ScheduleOptions> options, TimeProvider time)
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(10);

    public async Task<IReadOnlyList<FieldError>> FaultsAsync(ScheduleRecord schedule, CancellationToken cancellationToken)
    {
        using CancellationTokenSource limit = new(s_limit, time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            List<FieldError> faults = [];
            SourceSpec source = JsonSerializer.Deserialize(schedule.Source, SpecJson.Default.SourceSpec)!;
            if (source.Type == "sql" && connections.Find(schedule.Tenant, source.Connection!, sink: false) is { } from
                && await SqlSource.FaultAsync(from, source, new ClaimedTimes(time.GetUtcNow(), null), s_limit, either.Token) is string unread)
            {
                faults.Add(new FieldError("source.query", unread, "invalid"));
            }
            SinkSpec sink = JsonSerializer.Deserialize(schedule.Sink, SpecJson.Default.SinkSpec)!;
            if (sink.Type == "table" && connections.Find(schedule.Tenant, sink.Connection!, sink: true) is { } to
                && await new TableSink(to, sink, options.Value.Chunk, s_limit).FaultAsync(either.Token) is string unwritten)
            {
                faults.Add(new FieldError("sink.table", unwritten, "invalid"));
            }
            return faults;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return [];
        }
    }
}

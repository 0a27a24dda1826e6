using Microsoft.Extensions.Options;

namespace Sluice.Service.Schedules;

/// <summary>Takes answers somewhere. Two are shipped: a file of JSON lines, a table. May be told the same answers again, after a crash: what is seen in the end is each once. Throws <see cref="SinkException"/>.</summary>
internal interface IAnswerSink
{
    /// <summary>All answers of a run. Says through the claim how far it has come.</summary>
    Task DeliverAsync(FiringClaim claim, OutcomeReader answers);
}

/// <summary>Opens sinks.</summary>
internal sealed class AnswerSinks(NamedConnections connections, IOptions<ScheduleOptions> options)
{
    private readonly ScheduleOptions _options = options.Value;

    /// <summary>Null where answers stay with their submission.</summary>
    public IAnswerSink? Open(string tenant, SinkSpec sink) => sink.Type switch
    {
        "results" => null,
        "jsonl" => new JsonlSink(TenantFiles.Of(_options.FilesRoot, tenant) ?? throw new SinkException("This service has no folder for files; its operator sets Schedules:FilesRoot."), sink),
        "table" => new TableSink(
            connections.Find(tenant, sink.Connection!, sink: true) ?? throw new SinkException($"There is no connection '{sink.Connection}' to write to for this tenant (any more)."),
            sink, _options.Chunk, _options.StatementTimeout),
        _ => throw new SinkException($"'{sink.Type}' is no kind of sink."),
    };
}

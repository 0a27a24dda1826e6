using Npgsql;

namespace Sluice.Store.Postgres;

/// <summary>Cost models and workers' reports in Postgres. Neither belongs to a tenant.</summary>
internal sealed class PostgresCostStore(Database database) : ICostStore
{
    private const string Columns = "model, revision, backend, learned, steps, error_p50, error_p95, saved_at";

    private const string Save = """
        insert into cost_models (model, revision, backend, learned, steps, error_p50, error_p95, saved_at) values ($1, $2, $3, $4, $5, $6, $7, now())
        on conflict (model, revision, backend) do update set learned = excluded.learned, steps = excluded.steps,
            error_p50 = excluded.error_p50, error_p95 = excluded.error_p95, saved_at = excluded.saved_at
        """;

    private const string Load = $"select {Columns} from cost_models where model = $1 and revision = $2 and backend = $3";
    private const string Report = "update workers set load = $2 where id = $1";
    private const string Loads = "select now(), load from workers where load is not null union all select now(), null";
    private const string Saved = $"select {Columns} from cost_models where $1::timestamptz is null or saved_at > $1";

    public Task SaveAsync(CostModel model, CancellationToken cancellationToken) => database.DispatchAsync(async (connection, limit) =>
    {
        await new Commands(connection).Add(Save, model.Model, model.Revision, model.Backend, model.Learned, model.Steps, model.ErrorP50, model.ErrorP95).RunAsync(limit);
        return true;
    }, cancellationToken);

    public Task<CostModel?> LoadAsync(string model, string revision, string backend, CancellationToken cancellationToken) => database.DispatchAsync(async (connection, limit) =>
    {
        await using Rows rows = await new Commands(connection).Add(Load, model, revision, backend).ReadAsync(limit);
        return (await rows.ListAsync(Read, limit)).FirstOrDefault();
    }, cancellationToken);

    public Task ReportAsync(Guid worker, string load, CancellationToken cancellationToken) => database.DispatchAsync(async (connection, limit) =>
    {
        await new Commands(connection).Add(Report, worker, load).RunAsync(limit);
        return true;
    }, cancellationToken);

    public Task<CostNews> NewsAsync(DateTimeOffset? after, CancellationToken cancellationToken) => database.DispatchAsync(async (connection, limit) =>
    {
        await using Rows rows = await new Commands(connection).Add(Loads).Add(Saved, after?.ToUniversalTime()).ReadAsync(limit);
        List<(DateTimeOffset At, string? Load)> loads = await rows.ListAsync(r => (r.Time(0), r.Text(1)), limit);
        await rows.NextAsync(limit);
        return new CostNews(loads[0].At, [.. loads.Select(l => l.Load).OfType<string>()], await rows.ListAsync(Read, limit));
    }, cancellationToken);

    private static CostModel Read(NpgsqlDataReader row) => new()
    {
        Model = row.GetString(0),
        Revision = row.GetString(1),
        Backend = row.GetString(2),
        Learned = row.GetString(3),
        Steps = row.GetInt64(4),
        ErrorP50 = row.GetDouble(5),
        ErrorP95 = row.GetDouble(6),
        SavedAt = row.Time(7),
    };
}

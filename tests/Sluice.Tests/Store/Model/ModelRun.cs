using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Sluice.Jobs;
using Sluice.Store;

namespace Sluice.Tests.Store.Model;

/// <summary>One history, given to a store and to the model, which are compared after every call: what it answered, what stands where, what goes out.</summary>
internal sealed partial class ModelRun(StoreHost host, CancellationToken token)
{
    private const string ModelName = "tiny";

    private readonly IJobStore _store = host.Jobs;
    private readonly StoreModel _model = new();
    private readonly string _mark = Guid.NewGuid().ToString("N")[..8];
    private readonly DateTimeOffset _start = TimeProvider.System.GetUtcNow();
    private readonly List<Guid> _workers = [];
    private readonly List<(ModelJob Job, int Claims, Guid Worker)> _fences = [];
    private readonly List<string> _calls = [];
    private int _answers;

    /// <summary>Null, or what differs first and the calls up to there.</summary>
    public async Task<string?> DifferenceAsync(IEnumerable<StoreCommand> history)
    {
        try
        {
            foreach (StoreCommand command in history)
            {
                await RunAsync(command);
            }
            await EndAsync();
            return null;
        }
        catch (DifferenceException difference)
        {
            await TidyAsync();
            return $"{difference.Message}\n  {string.Join("\n  ", _calls)}";
        }
    }

    private async Task RunAsync(StoreCommand command)
    {
        while (_model.Tied)
        {
            await PassAsync(TimeSpan.FromMinutes(7));
        }
        _calls.Add(command.ToString());
        await CallAsync(command);
        await CompareAsync();
    }

    private async Task CallAsync(StoreCommand c)
    {
        Guid worker = _workers.Count == 0 ? Guid.NewGuid() : _workers[^(1 + (c.A % Math.Min(_workers.Count, 4)))];
        ModelJob[] some = Some(c.B, c.C);
        JobId[] ids = [.. some.Select(job => job.Id)];
        switch (c.Call)
        {
            case StoreCall.Submit:
                await SubmitAsync([.. Enumerable.Range(0, 1 + (c.A % 3)).Select(i => Job((c.B * 7) + (i * 31), c.C + (i * 17)))]);
                break;
            case StoreCall.Reserve:
                Same(_model.Reserve(worker, some).Select(Reserved), (await _store.ReserveAsync(worker, ids, token)).Select(Reserved));
                break;
            case StoreCall.Claim:
                ModelJob[] claimed = [.. _model.Claim(worker, some)];
                _fences.AddRange(claimed.Select(job => (job, job.Claims, worker)));
                Same(claimed.Select(job => $"{Name(job)} {job.Claims}"), (await _store.ClaimAsync(worker, ids, token)).Select(job => $"{Name(job.Id)} {job.Claims}"));
                break;
            case StoreCall.Succeed or StoreCall.Fail:
                await FinishAsync(c);
                break;
            case StoreCall.Release:
                var held = Fences(c);
                int released = held.Count(f => _model.Release(worker, f.Job, f.Claims));
                Same([$"{released}"], [$"{await _store.ReleaseAsync(worker, [.. held.Select(f => new Fence(f.Job.Id, f.Claims))], token)}"]);
                break;
            case StoreCall.Unreserve:
                _model.Unreserve(worker, some, reticket: c.B % 2 == 0);
                await _store.UnreserveAsync(worker, ids, c.B % 2 == 0, token);
                break;
            case StoreCall.Steal:
                await StealAsync(worker, c);
                break;
            case StoreCall.Resume:
                Same(_model.Resume(worker, 1 + (c.C % 4)).Select(Reserved), (await _store.ResumeAsync(worker, [ModelName], 1 + (c.C % 4), token)).Select(Reserved));
                break;
            case StoreCall.Lost:
                var own = Fences(c);
                Same(own.Where(f => !(StoreModel.Runs(f.Job, f.Claims) && f.Job.HeldBy == worker)).Select(f => Name(f.Job)),
                    (await _store.FindLostAsync(worker, [.. own.Select(f => new Fence(f.Job.Id, f.Claims))], token)).Select(Name));
                break;
            case StoreCall.Heartbeat:
                Same([$"{_model.Heartbeat(worker)}"], [$"{await _store.HeartbeatAsync(worker, token)}"]);
                break;
            case StoreCall.Register:
                _workers.Add(Guid.NewGuid());
                _model.Register(_workers[^1], $"w{c.A % 3}-{_mark}");
                await _store.RegisterWorkerAsync(new WorkerRegistration(_workers[^1], $"w{c.A % 3}-{_mark}", [ModelName]), token);
                break;
            case StoreCall.Retire:
                _model.Retire(worker);
                await _store.RetireWorkerAsync(worker, token);
                break;
            case StoreCall.Cancel when some.Length > 0:
                bool ended = _model.Cancel(some[0]);
                CancelResult? cancelled = await _store.CancelAsync(some[0].Tenant, some[0].Id, token);
                Same([$"{ended} {some[0].State}"], [$"{cancelled?.Cancelled} {cancelled?.Job.State}"]);
                break;
            case StoreCall.Erase when some.Length > 0:
                _model.Erase(some[0]);
                Same(["True"], [$"{await _store.EraseAsync(some[0].Tenant, some[0].Id, token)}"]);
                break;
            case StoreCall.Pass:
                await PassAsync(TimeSpan.FromMinutes(11 + (c.A % 150)));
                break;
            case StoreCall.Reconcile:
                await host.BurySilentAsync(StoreModel.Round.HeartbeatTimeout);
                Same([$"{_model.Reconcile() with { DeadWorkers = 0 }}"], [$"{await _store.ReconcileAsync(StoreModel.Round, token) with { DeadWorkers = 0 }}"]);
                break;
        }
    }

    private async Task SubmitAsync((ModelJob Job, string? Key, string Body)[] jobs)
    {
        string[] expected = [.. jobs.Select(j => _model.Submit(j.Job, j.Key, j.Body)).Select(r => $"{r.Outcome} {(r.Job is null ? "" : Name(r.Job))}")];
        IReadOnlyList<SubmitResult> results = await _store.SubmitAsync([.. jobs.Select(j => New(j.Job, j.Key, j.Body))], token);
        Same(expected.Select((line, i) => $"{i} {line}"), results.Select((r, i) => $"{i} {r.Outcome} {(r.Job is null ? "" : Name(r.Job.Id))}"));
    }

    private async Task FinishAsync(StoreCommand c)
    {
        var fences = Fences(c);
        bool succeed = c.Call == StoreCall.Succeed, retryable = c.A % 3 != 0;
        JobState state = succeed ? JobState.Succeeded : c.A % 7 == 0 ? JobState.Expired : JobState.Failed;
        string[] answers = [.. fences.Select(_ => $"answer {++_answers}")];
        bool[] expected = [.. fences.Select((f, i) => _model.Finish(f.Job, f.Claims, state, succeed ? answers[i] : null, retryable))];
        JobOutcome[] outcomes = [.. fences.Select((f, i) => new JobOutcome
        {
            Fence = new Fence(f.Job.Id, f.Claims),
            State = state,
            Result = succeed ? Answer(answers[i]) : null,
            Error = succeed ? null : new JobError("engine", "It broke."),
            Retryable = retryable,
        })];
        IReadOnlyList<bool> written = await _store.FinishAsync(fences.Count == 0 ? Guid.NewGuid() : fences[0].Worker, outcomes, token);
        Same(expected.Select((done, i) => $"{i} {done}"), written.Select((done, i) => $"{i} {done}"));
    }

    /// <summary>Which jobs are taken is the store's to choose; that it may take them is not.</summary>
    private async Task StealAsync(Guid thief, StoreCommand c)
    {
        TimeSpan? forsaken = c.B % 3 == 0 ? StoreModel.Round.TicketTimeout : null;
        IReadOnlyList<ReservedJob> loot = await _store.StealAsync(thief, [ModelName], 1 + (c.C % 4), forsaken, token);
        ModelJob[] taken = [.. loot.Select(job => _model.Jobs.Single(j => j.Id == job.Id))];
        if (taken.Length == 0)
            return;
        Guid? victim = taken[0].HeldBy;
        int had = _model.Jobs.Count(j => j.State == JobState.Queued && j.HeldBy == victim);
        bool may = _model.Workers.ContainsKey(thief) && victim != thief && taken.Length <= 1 + (c.C % 4) && taken.All(j => j.State == JobState.Queued && j.WaitsFor is null && j.HeldBy == victim)
            && (victim is not null ? taken.Length <= had / 2 && _model.Workers.ContainsKey(victim.Value) : forsaken is { } age && taken.All(j => _model.Now - j.TicketedAt > age));
        Same(["True"], [$"{may}"]);
        Array.ForEach(taken, job => job.HeldBy = thief);
        Same(taken.Select(Reserved), loot.Select(Reserved));
    }

    private async Task PassAsync(TimeSpan time)
    {
        _calls.Add($"({time.TotalMinutes} minutes)");
        _model.Pass(time);
        await host.ShiftAsync(time, [Tenant(0), Tenant(1)]);
    }

    private (ModelJob Job, string? Key, string Body) Job(int a, int b)
    {
        string text = $"text {b % 3}", body = $"body {b % 5 % 2}";
        TimeSpan? ttl = a % 3 == 0 ? TimeSpan.FromMinutes(40 + (a % 7 * 60)) : null;
        ModelJob job = new()
        {
            Id = new JobId(Guid.CreateVersion7(_start.AddMilliseconds(++_made))),
            Tenant = Tenant(a % 4 == 0 ? 1 : 0),
            Text = text,
            Keyed = b % 4 != 0,
            Class = (JobClass)(a % 3),
            RunClass = (JobClass)(a % 3),
            OnLate = a % 5 == 0 ? OnLate.Run : OnLate.Expire,
            CreatedAt = _model.Now,
            TicketedAt = _model.Now,
            Deadline = _model.Now + ttl,
            RunBy = _model.Now + ttl,
        };
        return (job, b % 5 == 1 ? $"key {a % 3}" : null, body);
    }

    private int _made;

    private static NewJob New(ModelJob job, string? key, string body) => new()
    {
        Id = job.Id,
        Tenant = job.Tenant,
        Namespace = "default",
        Kind = JobKind.Generate,
        Class = job.Class,
        Model = ModelName,
        ModelRevision = "r1",
        Request = new JobRequest { Model = ModelName, Prompt = job.Text },
        PromptTokens = 5,
        MaxNewTokens = 16,
        PrefixKey = job.Text[^1],
        ExactKey = job.Keyed ? Hash(job.Text) : null,
        Fingerprint = job.Keyed ? Hash("fingerprint") : null,
        CacheMode = job.Keyed ? CacheMode.Exact : CacheMode.Off,
        CacheTtl = StoreModel.AnswerLife,
        Ttl = job.Deadline - job.CreatedAt,
        OnLate = job.OnLate,
        IdempotencyKey = key,
        RequestHash = key is null ? null : Hash(body),
        Retention = StoreModel.KeyLife,
    };

    private string Tenant(int number) => $"t{number}-{_mark}";

    private static byte[] Hash(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));

    private static JobResult Answer(string text) => new()
    {
        Outputs = [new JobOutput { Text = text, FinishReason = "stop", Tokens = 4 }],
        Usage = new JobUsage { PromptTokens = 5, GeneratedTokens = 4 },
        Source = AnswerSource.Engine,
    };

    /// <summary>One to three jobs, live ones more often than not.</summary>
    private ModelJob[] Some(int b, int c)
    {
        ModelJob[] live = [.. _model.Jobs.Where(j => j.Live)];
        IReadOnlyList<ModelJob> from = live.Length > 0 && b % 5 != 0 ? live : _model.Jobs;
        return from.Count == 0 ? [] : [.. Enumerable.Range(0, 1 + (c % 3)).Select(i => from[(b + (i * (1 + c))) % from.Count]).Distinct()];
    }

    /// <summary>One or two rights to write, those that hold more often than those that have fallen.</summary>
    private List<(ModelJob Job, int Claims, Guid Worker)> Fences(StoreCommand c)
    {
        var valid = _fences.FindAll(f => StoreModel.Runs(f.Job, f.Claims));
        var from = valid.Count > 0 && c.B % 4 != 0 ? valid : _fences;
        return from.Count == 0 ? [] : [.. Enumerable.Range(0, 1 + (c.C % 2)).Select(i => from[(c.B + (i * c.C)) % from.Count])];
    }

    private string Name(ModelJob job) => string.Create(CultureInfo.InvariantCulture, $"#{_model.Jobs.IndexOf(job)}");

    private string Name(JobId id) => string.Create(CultureInfo.InvariantCulture, $"#{_model.Jobs.FindIndex(job => job.Id == id)}");

    private string Reserved(ModelJob job) =>
        $"{Name(job)} {job.RunClass} {(job.RunBy == job.Deadline ? job.OnLate : OnLate.Run)} suspicions {job.Suspicions} due {job.RunBy is not null}";

    private string Reserved(ReservedJob job) => $"{Name(job.Id)} {job.Class} {job.OnLate} suspicions {job.Suspicions} due {job.Deadline is not null}";
}

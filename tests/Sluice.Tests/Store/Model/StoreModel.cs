using Sluice.Jobs;
using Sluice.Store;

namespace Sluice.Tests.Store.Model;

/// <summary>What <see cref="IJobStore"/> promises, written down once more as plainly as can be: lists, one thread, a clock that is a number.</summary>
internal sealed class StoreModel
{
    public static readonly TimeSpan KeyLife = TimeSpan.FromMinutes(700), AnswerLife = TimeSpan.FromMinutes(400);

    /// <summary>When a job was told that needs no ticket.</summary>
    private static readonly TimeSpan Never = TimeSpan.FromDays(100_000);

    public static readonly ReconcileOptions Round = new() { HeartbeatTimeout = TimeSpan.FromMinutes(100), TicketTimeout = TimeSpan.FromMinutes(80) };

    private readonly Dictionary<(string Tenant, string Text), (string Answer, TimeSpan Until)> _answers = [];
    private readonly Dictionary<(string Tenant, string Key), (string Body, ModelJob Job, TimeSpan Until)> _keys = [];

    public TimeSpan Now { get; private set; }

    /// <summary>In order of acceptance.</summary>
    public List<ModelJob> Jobs { get; } = [];

    /// <summary>Living incarnations.</summary>
    public Dictionary<Guid, (string Name, TimeSpan Seen)> Workers { get; } = [];

    /// <summary>What goes out: the newest ticket's class of each job, and each end.</summary>
    public Dictionary<ModelJob, JobClass> Tickets { get; } = [];
    public List<ModelJob> Ends { get; } = [];

    /// <summary>So near to some limit that the time which the run itself takes could decide.</summary>
    public bool Tied
    {
        get
        {
            TimeSpan ticket = Round.TicketTimeout;
            return _answers.Values.Any(a => Near(a.Until, Now)) || _keys.Values.Any(k => Near(k.Until, Now)) || Workers.Values.Any(w => Near(Now - w.Seen, Round.HeartbeatTimeout))
                || Jobs.Any(j => j.Live && ((j.Deadline is { } deadline && Near(deadline, Now)) || Near(Now - j.TicketedAt, ticket) || Near(Now - j.TicketedAt, ReconcileOptions.MaxBackoff * ticket)
                    || (Now - j.TicketedAt > ticket && Near(Now - j.TicketedAt, j.TicketedAt - j.CreatedAt))));

            static bool Near(TimeSpan a, TimeSpan b) => (a - b).Duration() < TimeSpan.FromMinutes(3);
        }
    }

    public void Pass(TimeSpan time) => Now += time;

    public (SubmitOutcome Outcome, ModelJob? Job) Submit(ModelJob job, string? key, string body)
    {
        if (key is not null && _keys.TryGetValue((job.Tenant, key), out (string Body, ModelJob Job, TimeSpan Until) used) && used.Until > Now)
            return used.Body == body ? (SubmitOutcome.Replayed, used.Job) : (SubmitOutcome.KeyReused, null);
        ModelJob? leader = job.Keyed ? Jobs.Find(j => j.Leads && j.Tenant == job.Tenant && j.Text == job.Text) : null;
        Jobs.Add(job);
        if (key is not null)
            _keys[(job.Tenant, key)] = (body, job, Now + KeyLife);
        if (job.Keyed && _answers.TryGetValue((job.Tenant, job.Text), out (string Answer, TimeSpan Until) known) && known.Until > Now)
        {
            End(job, JobState.Succeeded, known.Answer, AnswerSource.Cache, null, alone: true);
            return (SubmitOutcome.CacheHit, job);
        }
        if (leader is null)
        {
            Ticket(job, job.RunClass);
            return (SubmitOutcome.Queued, job);
        }
        job.WaitsFor = leader;
        if (leader.Hurry(job) && leader.State == JobState.Queued)
            Ticket(leader, leader.RunClass);
        return (SubmitOutcome.Twin, job);
    }

    public void Register(Guid worker, string name)
    {
        foreach (Guid former in Workers.Where(w => w.Value.Name == name).Select(w => w.Key).ToList())
        {
            Workers.Remove(former);
            Bury(former, suspect: true);
        }
        Workers[worker] = (name, Now);
    }

    public bool Heartbeat(Guid worker)
    {
        if (!Workers.TryGetValue(worker, out (string Name, TimeSpan Seen) known))
            return false;
        Workers[worker] = (known.Name, Now);
        return true;
    }

    public void Retire(Guid worker)
    {
        Workers.Remove(worker);
        Bury(worker, suspect: false);
    }

    public IEnumerable<ModelJob> Reserve(Guid worker, IEnumerable<ModelJob> jobs)
    {
        List<ModelJob> got = Workers.ContainsKey(worker) ? [.. jobs.Where(j => j.Free || (j.State == JobState.Queued && j.HeldBy == worker))] : [];
        got.ForEach(job => job.HeldBy = worker);
        return got;
    }

    public IEnumerable<ModelJob> Resume(Guid worker, int max) => Reserve(worker, [.. Jobs.Where(j => j.Free && j.Claims > 0).Take(max)]);

    public void Unreserve(Guid worker, IEnumerable<ModelJob> jobs, bool reticket)
    {
        foreach (ModelJob job in jobs.Where(j => j.State == JobState.Queued && j.HeldBy == worker))
        {
            if (reticket || job.Claims > 0)
                Requeue(job);
            else
                job.HeldBy = null;
        }
    }

    public IEnumerable<ModelJob> Claim(Guid worker, IEnumerable<ModelJob> jobs)
    {
        List<ModelJob> got = [];
        foreach (ModelJob job in jobs.Where(j => j.Live && j.HeldBy == worker))
        {
            if (job.State == JobState.Queued && job.IsLate(Now))
                End(job, JobState.Expired, null, default, "deadline_passed");
            else if (job.State == JobState.Queued && job.Claims >= JobLimits.MaxClaims)
                End(job, JobState.Failed, null, default, "exhausted");
            else
                got.Add(job);
        }
        foreach (ModelJob job in got.Where(j => j.State == JobState.Queued))
        {
            job.State = JobState.Running;
            job.Claims++;
            job.Started = true;
        }
        return got;
    }

    public bool Finish(ModelJob job, int claims, JobState state, string? answer, bool retryable)
    {
        if (!Runs(job, claims))
            return false;
        job.Failures += state == JobState.Failed ? 1 : 0;
        if (state == JobState.Failed && retryable && job.Failures < JobLimits.MaxFailures)
            Requeue(job);
        else
            End(job, state, answer, AnswerSource.Engine, answer is null ? "engine" : null);
        return true;
    }

    public bool Release(Guid worker, ModelJob job, int claims)
    {
        bool own = Runs(job, claims) && job.HeldBy == worker;
        if (own)
            Requeue(job);
        return own;
    }

    public bool Cancel(ModelJob job)
    {
        bool live = job.Live;
        if (live)
            End(job, JobState.Cancelled, null, default, null);
        return live;
    }

    public void Erase(ModelJob job)
    {
        Cancel(job);
        if (job.Keyed && !job.Erased)
            _answers.Remove((job.Tenant, job.Text));
        job.Erased = true;
        job.Answer = null;
    }

    public ReconcileReport Reconcile()
    {
        List<Guid> dead = [.. Workers.Where(w => w.Value.Seen < Now - Round.HeartbeatTimeout).Select(w => w.Key)];
        ReconcileReport report = new(dead.Count, 0, 0, 0, 0, 0);
        foreach (Guid worker in dead)
        {
            Workers.Remove(worker);
            (int requeued, int freed, int exhausted, int poisoned) = Bury(worker, suspect: true);
            report = report with { Requeued = report.Requeued + requeued, Freed = report.Freed + freed, Exhausted = report.Exhausted + exhausted, Poisoned = report.Poisoned + poisoned };
        }
        // Followers first: none that is late takes over.
        List<ModelJob> late = [.. Jobs.Where(j => j.Live && j.IsLate(Now)).OrderBy(j => j.WaitsFor is null)];
        late.ForEach(job => End(job, JobState.Expired, null, default, "deadline_passed"));
        List<ModelJob> forgotten = [.. Jobs.Where(j => j.Free && IsForgotten(j))];
        forgotten.ForEach(job => Ticket(job, job.RunClass));
        return report with { Expired = late.Count, Reticketed = forgotten.Count };
    }

    public static bool Runs(ModelJob job, int claims) => job.State == JobState.Running && job.Claims == claims;

    private bool IsForgotten(ModelJob job)
    {
        TimeSpan age = Now - job.TicketedAt;
        return age > Round.TicketTimeout && (age > job.TicketedAt - job.CreatedAt || age > ReconcileOptions.MaxBackoff * Round.TicketTimeout);
    }

    private (int Requeued, int Freed, int Exhausted, int Poisoned) Bury(Guid worker, bool suspect)
    {
        List<ModelJob> ran = [.. Jobs.Where(j => j.State == JobState.Running && j.HeldBy == worker)], held = [.. Jobs.Where(j => j.State == JobState.Queued && j.HeldBy == worker)];
        bool alone = suspect && ran is [{ Suspicions: > 0 }];
        int exhausted = 0, poisoned = 0;
        foreach (ModelJob job in ran)
        {
            job.Suspicions += suspect ? 1 : 0;
            job.Failures += alone ? 1 : 0;
            job.LoneCrashes += alone ? 1 : 0;
            if (alone && JobLimits.IsPoison(job.Suspicions, job.LoneCrashes, job.Failures))
            {
                End(job, JobState.Failed, null, default, "poison");
                poisoned++;
            }
            else if (job.Claims >= JobLimits.MaxClaims)
            {
                End(job, JobState.Failed, null, default, "exhausted");
                exhausted++;
            }
            else
            {
                Requeue(job);
            }
        }
        held.ForEach(Requeue);
        return (ran.Count - exhausted - poisoned, held.Count, exhausted, poisoned);
    }

    /// <summary>What has begun needs no ticket: workers look for it.</summary>
    private void Requeue(ModelJob job)
    {
        job.State = JobState.Queued;
        job.HeldBy = null;
        job.Started = false;
        if (job.Claims == 0)
            Ticket(job, job.RunClass);
        else
            job.TicketedAt = Never;
    }

    private void Ticket(ModelJob job, JobClass queue)
    {
        job.TicketedAt = job.Claims == 0 ? Now : job.TicketedAt;
        Tickets[job] = queue;
    }

    private void End(ModelJob job, JobState state, string? answer, AnswerSource source, string? code, bool alone = false)
    {
        bool led = job.Leads && !alone;
        job.State = state;
        job.HeldBy = null;
        job.WaitsFor = null;
        job.Answer = answer;
        job.Source = source;
        job.Code = code;
        Ends.Add(job);
        List<ModelJob> followers = [.. Jobs.Where(f => f.WaitsFor == job)];
        if (led && state == JobState.Succeeded)
        {
            TimeSpan until = Now + AnswerLife, kept = job.CreatedAt + KeyLife;
            _answers[(job.Tenant, job.Text)] = (answer!, until < kept ? until : kept);
            followers.ForEach(f => End(f, JobState.Succeeded, answer, AnswerSource.Twin, null));
        }
        else if (followers is [ModelJob heir, .. var others])
        {
            heir.WaitsFor = null;
            others.ForEach(other => other.WaitsFor = heir);
            others.ForEach(other => heir.Hurry(other));
            Ticket(heir, heir.RunClass);
        }
    }
}

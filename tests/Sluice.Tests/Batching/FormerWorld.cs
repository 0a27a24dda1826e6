using Sluice.Batching;
using Sluice.Jobs;
using Xunit;

namespace Sluice.Tests.Batching;

/// <summary>Plays a history against a former and an engine of 8 sequences, and holds every promise against every decision.</summary>
/// <param name="takesBack">The engine takes room back for interactive jobs; whoever gives it runs on, later.</param>
internal sealed class FormerWorld(bool takesBack)
{
    private readonly FormerBench _bench = new();
    private readonly Dictionary<JobId, (WaitingJob Job, DateTimeOffset Since)> _waiting = [];
    private readonly List<(WaitingJob Job, bool Suspect)> _running = [];
    private readonly HashSet<JobId> _left = [];
    private readonly Dictionary<JobId, int> _numbers = [];

    public Dictionary<CloseReason, int> Reasons { get; } = Enum.GetValues<CloseReason>().ToDictionary(r => r, _ => 0);
    public int Expired { get; private set; }
    public int Impossible { get; private set; }

    /// <summary>Batches that the engine could only take by taking room back.</summary>
    public int TakenBack { get; private set; }

    /// <summary>All that was decided, jobs by the number of their arrival.</summary>
    public List<string> Decisions { get; } = [];

    private DateTimeOffset Now => _bench.Clock.Now;

    public void Play(IEnumerable<Happening> history)
    {
        foreach (Happening happening in history)
        {
            Happen(happening);
            Ask();
        }
    }

    /// <summary>Lets everything that runs end, again and again: whatever waits must leave.</summary>
    public void PlayToTheEnd()
    {
        for (int turn = 0; _waiting.Count > 0 || _running.Count > 0; turn++)
        {
            Assert.True(turn < 2000, $"{_waiting.Count} jobs never leave");
            _running.Clear();
            _bench.Clock.Pass(5);
            Ask();
        }
        Assert.Equal(_numbers.Count, _left.Count);
        Assert.Equal(0, _bench.Former.Count);
    }

    private void Happen(Happening happening)
    {
        switch (happening)
        {
            case Happening.Arrives a:
                WaitingJob job = _bench.Add(a.Class, a.Deadline, a.Prompt, a.Max, a.Prefix, a.Late, a.Suspicions, $"t{a.Tenant}", a.Chain);
                _waiting.Add(job.Id, (job, Now));
                _numbers.Add(job.Id, _numbers.Count);
                break;
            case Happening.Cancelled c when _waiting.Count > 0:
                JobId gone = _waiting.Keys.ElementAt(c.Which % _waiting.Count);
                Assert.True(_bench.Former.Remove(gone));
                Leave(gone);
                break;
            case Happening.MoreUrgent u when _waiting.Count > 0:
                (WaitingJob was, _) = _waiting.Values.ElementAt(u.Which % _waiting.Count);
                DateTimeOffset? deadline = u.Deadline is { } ms ? Now.AddMilliseconds(ms) : null;
                WaitingJob now = was with
                {
                    Class = (JobClass)Math.Min((int)was.Class, (int)u.Class),
                    Deadline = was.Deadline is null || deadline < was.Deadline ? deadline : was.Deadline,
                };
                // as the worker does for a job whose twin is more urgent
                Assert.True(_bench.Former.Remove(was.Id));
                Assert.True(_bench.Former.Add(now));
                _waiting[was.Id] = (now, Now);
                break;
            case Happening.Passes p:
                _bench.Clock.Pass(p.Milliseconds);
                break;
            case Happening.Ends e:
                foreach ((WaitingJob ended, _) in _running.Take(e.Count)) _bench.Cost.Observe(ended.PromptTokens, ended.MaxNewTokens, TimeSpan.FromMilliseconds(e.Milliseconds));
                _running.RemoveRange(0, Math.Min(e.Count, _running.Count));
                break;
        }
    }

    private EngineRoom Room()
    {
        (int free, int pages, int tokens) = Left(_running);
        (int, int, int)? urgent = takesBack ? Left(_running.Where(r => r.Job.Class == JobClass.Interactive)) : null;
        return EngineRoom.Empty(8, 256, 64) with
        {
            Running = _running.Count,
            RunningSuspects = _running.Count(r => r.Suspect),
            FreeSequences = free,
            FreePages = pages,
            FreeStepTokens = tokens,
            InteractiveSequences = urgent?.Item1,
            InteractivePages = urgent?.Item2,
            InteractiveStepTokens = urgent?.Item3,
        };

        static (int, int, int) Left(IEnumerable<(WaitingJob Job, bool)> running) =>
            (Math.Max(0, 8 - running.Count()), Math.Max(0, 64 - running.Sum(r => r.Job.Pages(16))), Math.Max(0, 256 - running.Count()));
    }

    /// <summary>Asks until no batch comes, as a worker does.</summary>
    private void Ask()
    {
        while (true)
        {
            EngineRoom room = Room();
            FormerDecision decision = _bench.Former.Next(room);
            Decisions.Add($"{decision.Batch?.Reason} {Numbers(decision.Batch?.Jobs)}; {Numbers(decision.Expired.Select(l => l.Job))}; {Numbers(decision.Impossible.Select(l => l.Job))}; {decision.LookAgainAt:O}");
            foreach (LeavingJob late in decision.Expired) CheckExpired(late);
            foreach (LeavingJob never in decision.Impossible)
            {
                Assert.True(never.Job.Pages(16) > room.TotalPages);
                Impossible++;
                Leave(never.Job.Id);
            }
            Assert.True(decision.LookAgainAt is null || decision.LookAgainAt > Now, "asked to look again in the past");
            if (decision.Batch is not { } batch)
            {
                FormerPromises.AsksAgainForInteractive(decision, room, _waiting.Values, Now, _bench.Options);
                break;
            }
            CheckBatch(batch, room);
        }
        Assert.Equal(_waiting.Count, _bench.Former.Count);
        Assert.True(_running.Count > 0 || _waiting.Count == 0, $"the engine idles while {_waiting.Count} wait");
        FormerPromises.NobodyLingersTooLong(Room(), _waiting.Values, Now, _bench.Options);
    }

    private void CheckExpired(LeavingJob late)
    {
        Assert.NotEqual(OnLate.Run, late.Job.OnLate);
        Assert.True(Now + _bench.Cost.Predict(late.Job).Expected > late.Job.Deadline, late.Why);
        Assert.StartsWith("deadline ", late.Why, StringComparison.Ordinal);
        Expired++;
        Leave(late.Job.Id);
    }

    private void CheckBatch(FormedBatch batch, EngineRoom room)
    {
        DateTimeOffset[] since = [.. batch.Jobs.Select(j => _waiting[j.Id].Since)];
        WaitingJob[] patient = [.. batch.Jobs.Where((j, i) => !takesBack || j.Class != JobClass.Interactive || Now - since[i] < _bench.Options.YieldAfter)];
        foreach (WaitingJob job in batch.Jobs)
        {
            Assert.Equal(_waiting[job.Id].Job with { Chain = default }, job with { Chain = default });
            Assert.Equal(_waiting[job.Id].Job.Chain.ToArray(), job.Chain.ToArray());
            Leave(job.Id);
            Assert.True(job.OnLate == OnLate.Run || job.Deadline is null || Now + _bench.Cost.Predict(job, Math.Min(job.PromptTokens - 1, job.Chain.Length * job.ChainTokens)).Expected <= job.Deadline, "a lost job burns compute");
        }
        WaitingJob[] rest = [.. _waiting.Values.Select(w => w.Job)];
        FormerPromises.KeepsItsBudgets(batch, patient, room);
        FormerPromises.KeepsSuspectsApart(batch, room);
        FormerPromises.BulkYields(batch, rest);
        FormerPromises.ReasonFits(batch, room, rest, Now - since.Min(), Now, _bench.Cost, _bench.Options);
        Reasons[batch.Reason]++;
        if (batch.Jobs.Count > room.FreeSequences || batch.Pages > room.FreePages) TakenBack++;
        _running.AddRange(batch.Jobs.Select(j => (j, batch.Suspects)));
    }

    private string Numbers(IEnumerable<WaitingJob>? jobs) => string.Join(' ', (jobs ?? []).Select(job => _numbers[job.Id]));

    private void Leave(JobId id)
    {
        Assert.True(_waiting.Remove(id), $"{id} leaves without having waited");
        Assert.True(_left.Add(id), $"{id} leaves twice");
    }
}

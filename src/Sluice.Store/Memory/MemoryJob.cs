using Sluice.Jobs;

namespace Sluice.Store.Memory;

/// <summary>One job as the memory store keeps it. Guarded by the store's lock.</summary>
internal sealed class MemoryJob(NewJob accepted, DateTimeOffset now)
{
    /// <summary>What was asked for; null once erased.</summary>
    public NewJob? Input { get; set; } = accepted;
    public JobId Id { get; } = accepted.Id;
    public string Tenant { get; } = accepted.Tenant;
    public string Namespace { get; } = accepted.Namespace;
    public JobKind Kind { get; } = accepted.Kind;
    public JobClass Class { get; } = accepted.Class;
    public string Model { get; } = accepted.Model;
    public string ModelRevision { get; set; } = accepted.ModelRevision;
    public int PromptTokens { get; } = accepted.PromptTokens;
    public int MaxNewTokens { get; } = accepted.MaxNewTokens;
    public long PrefixKey { get; } = accepted.PrefixKey;
    public ReadOnlyMemory<long> PrefixChain { get; } = accepted.PrefixChain;
    public OnLate OnLate { get; } = accepted.OnLate;
    public JobId? RetryOf { get; } = accepted.RetryOf;
    public Guid? Submission { get; } = accepted.Submission;
    public string? TraceParent { get; } = accepted.TraceParent;
    public DateTimeOffset CreatedAt { get; } = now;
    public DateTimeOffset? Deadline { get; } = accepted.Deadline ?? now + accepted.Ttl;

    /// <summary>As its caller was told at acceptance.</summary>
    public DateTimeOffset? Eta { get; set; } = now + accepted.Quote?.In;
    public bool? WillMeetDeadline { get; set; } = accepted.Quote?.WillMeetDeadline;

    /// <summary>Input and result go then.</summary>
    public DateTimeOffset ExpiresAt { get; } = now + accepted.Retention;

    public JobState State { get; set; } = JobState.Queued;
    public int Claims { get; set; }
    public int Failures { get; set; }
    public int Suspicions { get; set; }

    /// <summary>Deaths of workers that ran this job and no other.</summary>
    public int LoneCrashes { get; set; }
    public Guid? HeldBy { get; set; }
    public JobId? WaitsFor { get; set; }

    /// <summary>The greatest time there is where it has begun, and needs none.</summary>
    public DateTimeOffset? TicketedAt { get; set; }
    public DateTimeOffset? StartedAt { get; set; }
    public DateTimeOffset? FinishedAt { get; set; }
    public JobError? Error { get; set; }
    public JobResult? Result { get; set; }

    /// <summary>Most urgent class of the job and its twins.</summary>
    public JobClass RunClass { get; set; } = accepted.Class;

    /// <summary>Earliest deadline of the job and its twins.</summary>
    public DateTimeOffset? RunBy { get; set; } = accepted.Deadline ?? now + accepted.Ttl;

    public bool Live => !State.IsTerminal();

    /// <summary>Queued, held by nobody, waiting for nobody.</summary>
    public bool Free => State == JobState.Queued && HeldBy is null && WaitsFor is null;

    public TwinKey? Key => Input?.ExactKey is { } exact ? new TwinKey(Tenant, Namespace, Convert.ToHexString(exact)) : null;

    public bool IsLate(DateTimeOffset now) => OnLate != OnLate.Run && Deadline <= now;

    /// <summary>The answer is there.</summary>
    public void Answered(DateTimeOffset now)
    {
        Eta = now;
        WillMeetDeadline = Deadline is null ? null : true;
    }

    /// <summary>It ends with its leader, as long as what that was told can still come true.</summary>
    public void Follow(MemoryJob leader, DateTimeOffset now)
    {
        WaitsFor = leader.Id;
        if (leader.Eta > now && (Eta is null || leader.Eta < Eta))
            Eta = leader.Eta;
        if (leader.WillMeetDeadline == true && leader.Deadline <= Deadline)
            WillMeetDeadline = true;
    }

    /// <summary>It becomes as urgent as its twin. False where it is already.</summary>
    public bool Hurry(MemoryJob twin)
    {
        (JobClass, DateTimeOffset?) before = (RunClass, RunBy);
        RunClass = twin.RunClass < RunClass ? twin.RunClass : RunClass;
        RunBy = RunBy is null || twin.RunBy < RunBy ? twin.RunBy ?? RunBy : RunBy;
        return (RunClass, RunBy) != before;
    }

    /// <summary>All that a person wrote or got goes.</summary>
    public void Forget()
    {
        Input = null;
        Result = null;
        Error = Error is { } error ? error with { Message = "" } : null;
    }

    public JobRecord Record() => new()
    {
        Id = Id,
        Tenant = Tenant,
        Namespace = Namespace,
        Kind = Kind,
        Class = Class,
        Model = Model,
        ModelRevision = ModelRevision,
        State = State,
        PromptTokens = PromptTokens,
        Claims = Claims,
        Failures = Failures,
        WaitsFor = WaitsFor,
        RetryOf = RetryOf,
        Submission = Submission,
        CustomId = Input?.CustomId,
        CreatedAt = CreatedAt,
        StartedAt = StartedAt,
        FinishedAt = FinishedAt,
        Deadline = Deadline,
        OnLate = OnLate,
        Eta = Eta,
        WillMeetDeadline = WillMeetDeadline,
        Metadata = Input?.Request.Metadata,
        Error = Error,
        Result = Result,
    };

    public ReservedJob Reserved(DateTimeOffset now) => new()
    {
        Id = Id,
        Tenant = Tenant,
        Namespace = Namespace,
        Model = Model,
        Kind = Kind,
        Class = RunClass,
        Deadline = RunBy,
        OnLate = RunBy == Deadline ? OnLate : OnLate.Run,
        PromptTokens = PromptTokens,
        MaxNewTokens = MaxNewTokens,
        PrefixKey = PrefixKey,
        PrefixChain = PrefixChain,
        CreatedAt = CreatedAt,
        ReservedAt = now,
        Suspicions = Suspicions,
        TraceParent = TraceParent,
    };
}

/// <summary>Equal work within one scope.</summary>
internal readonly record struct TwinKey(string Tenant, string Namespace, string Exact);

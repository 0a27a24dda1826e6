using Sluice.Jobs;

namespace Sluice.Store;

/// <summary>Ends that the store itself brings about, worded the same by every implementation.</summary>
internal static class JobEnds
{
    public const string ExhaustedCode = "exhausted";
    public const string PoisonCode = "poison";

    /// <summary>Reason of the event by which a death that can be nobody else's fault is charged; the store counts these.</summary>
    public const string LoneCrash = "crashed_alone";
    public const string DeadlineCode = "deadline_passed";
    public const string DeadlineMessage = "The deadline passed before the job could run to its end.";

    public static string ExhaustedMessage(int claims) => $"The job was started {claims} times, the limit, without reaching an end.";

    public static JobError Exhausted(int claims) => new(ExhaustedCode, ExhaustedMessage(claims));

    public const string PoisonMessage = "Workers died again and again while they ran this job, with others first and then with no other.";

    public static JobError Poison() => new(PoisonCode, PoisonMessage);

    public static JobError DeadlinePassed() => new(DeadlineCode, DeadlineMessage);

    /// <summary>How an entry's id is shown.</summary>
    public static string EntryName(Guid entry) => $"ent_{entry:N}";

    /// <summary>The way back; throws where it is no entry's name.</summary>
    public static Guid EntryId(string name) => Guid.ParseExact(name.AsSpan()["ent_".Length..], "N");
}

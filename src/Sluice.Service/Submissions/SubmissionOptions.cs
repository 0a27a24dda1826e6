using System.ComponentModel.DataAnnotations;

namespace Sluice.Service.Submissions;

/// <summary>Section <c>Submissions</c>.</summary>
internal sealed class SubmissionOptions
{
    public const string Section = "Submissions";

    /// <summary>A longer line becomes an error row.</summary>
    [Range(1024, 8 << 20)]
    public int MaxLineBytes { get; set; } = 1 << 20;

    /// <summary>Past it the upload is refused: 413.</summary>
    [Range(1, 100_000_000)]
    public int MaxLines { get; set; } = 5_000_000;

    /// <summary>Past it the upload is refused: 413.</summary>
    [Range(1, long.MaxValue)]
    public long MaxBytes { get; set; } = 8L << 30;

    /// <summary>Bytes of a submission that comes as one JSON list.</summary>
    [Range(1024, 64 << 20)]
    public int MaxListBytes { get; set; } = 8 << 20;

    /// <summary>Lines of one staging transaction.</summary>
    [Range(1, 10_000)]
    public int ChunkLines { get; set; } = 2000;

    /// <summary>Bytes of one staging transaction; a single line may be more.</summary>
    [Range(1024, 64 << 20)]
    public int ChunkBytes { get; set; } = 2 << 20;

    /// <summary>A chunk that is not full is staged after this, so that a slow upload shows its progress and is known to live.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:00:30")]
    public TimeSpan StageAfter { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>An upload unheard of for this long has broken off with its node.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "1.00:00:00")]
    public TimeSpan AbandonedAfter { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>Lines of one feeding transaction.</summary>
    [Range(1, 10_000)]
    public int FeedLines { get; set; } = 1000;

    /// <summary>Jobs of one submission that may be queued or running; the rest of its lines waits, staged.</summary>
    [Range(1, 1_000_000)]
    public int LivePerSubmission { get; set; } = 8000;

    /// <summary>A feeder unheard of for this long is replaced by another node's.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:10:00")]
    public TimeSpan FeederLease { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>How often counts are added up and ends are noticed.</summary>
    [Range(typeof(TimeSpan), "00:00:00.01", "00:01:00")]
    public TimeSpan TendEvery { get; set; } = TimeSpan.FromMilliseconds(100);

    /// <summary>How often a node without open submissions looks for those of others.</summary>
    [Range(typeof(TimeSpan), "00:00:00.01", "00:01:00")]
    public TimeSpan LookEvery { get; set; } = TimeSpan.FromSeconds(1);
}

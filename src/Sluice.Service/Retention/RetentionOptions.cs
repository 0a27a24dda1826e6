using System.ComponentModel.DataAnnotations;

namespace Sluice.Service.Retention;

/// <summary>Section <c>Retention</c>. How long inputs and results are kept is <c>Intake:Retention</c>, decided when a job is accepted.</summary>
internal sealed class RetentionOptions
{
    public const string Section = "Retention";

    /// <summary>Time between two rounds that delete what has been kept long enough; the first comes one tenth of it after the start.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "7.00:00:00")]
    public TimeSpan Every { get; set; } = TimeSpan.FromHours(1);

    /// <summary>Rows of a kind in one transaction.</summary>
    [Range(1, 100_000)]
    public int Batch { get; set; } = 1000;

    /// <summary>Pause between two transactions of a round: callers go first.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:01:00")]
    public TimeSpan Pause { get; set; } = TimeSpan.FromMilliseconds(50);

    /// <summary>How long an ended job's row (states, times, sizes; nothing that a person wrote) and its events are kept after that; for good where absent. An embedded service keeps them for a day.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "3650.00:00:00")]
    public TimeSpan? Facts { get; set; }

    /// <summary>How long runs of schedules are listed after their end.</summary>
    [Range(typeof(TimeSpan), "01:00:00", "3650.00:00:00")]
    public TimeSpan Runs { get; set; } = TimeSpan.FromDays(90);
}

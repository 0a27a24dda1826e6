using System.Globalization;
using System.Text.Json;
using Sluice.Jobs;
using Sluice.Store;

namespace Sluice.Service.Schedules;

/// <summary>
/// A file with a line per row of the source, in its order. Written beside its place and moved there when it is whole and on disk: who looks finds the whole file or none (or the former).
/// After a crash it is written again from the beginning.
/// </summary>
internal sealed class JsonlSink(TenantFiles files, SinkSpec sink) : IAnswerSink
{
    private const int ReportEvery = 1000;

    public async Task DeliverAsync(FiringClaim claim, OutcomeReader answers)
    {
        FiringRecord firing = claim.Firing;
        string place = files.PlaceFor(PathOf(sink.Path!, firing));
        // Another scheduler that writes the same run has another claim.
        string part = Path.Combine(Path.GetDirectoryName(place)!, $".{Path.GetFileName(place)}.{firing.Id:N}-{claim.Work.Fence.Claims.ToString(CultureInfo.InvariantCulture)}.part");
        try
        {
            long written = 0;
            await using (FileStream file = files.Create(part, sink.Path!))
            {
                await foreach (LineOutcome line in answers.ReadAsync(0, claim.Token))
                {
                    await file.WriteAsync(Write(line, firing), claim.Token);
                    if (++written % ReportEvery == 0)
                    {
                        await claim.ProgressAsync(delivered: written);
                    }
                }
                await file.FlushAsync(claim.Token);
                file.Flush(flushToDisk: true);
            }
            await claim.ProgressAsync(delivered: written);
            File.Move(part, place, overwrite: true);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new SinkException($"File '{sink.Path}' cannot be written: {(failure is UnauthorizedAccessException ? "the service has no right to" : "the disk refuses")}.", failure, mayPass: failure is IOException);
        }
        finally
        {
            File.Delete(part);
        }
    }

    /// <summary>The path with the run's time and name in it.</summary>
    public static string PathOf(string path, FiringRecord firing) => path
        .Replace("{fire_time}", firing.FireTime.ToUniversalTime().ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture), StringComparison.Ordinal)
        .Replace("{date}", firing.FireTime.ToUniversalTime().ToString("yyyy-MM-dd", CultureInfo.InvariantCulture), StringComparison.Ordinal)
        .Replace("{submission}", $"sub_{firing.Id:N}", StringComparison.Ordinal);

    private static byte[] Write(LineOutcome line, FiringRecord firing)
    {
        using MemoryStream bytes = new();
        using (Utf8JsonWriter json = new(bytes))
        {
            json.WriteStartObject();
            json.WriteString("custom_id", line.CustomId);
            json.WriteNumber("line", line.Number);
            json.WriteString("submission", SinkValues.Of(SinkValues.Submission, line, firing));
            json.WriteString("state", SinkValues.State(line));
            if (line.Job is { } job)
            {
                json.WriteString("job", job.Id.ToString());
                json.WriteString("model", job.Model);
                json.WriteString("model_revision", job.ModelRevision);
                if (job.Result is { } result)
                {
                    json.WritePropertyName("outputs");
                    JsonSerializer.Serialize(json, result.Outputs, JobsJson.Default.IReadOnlyListJobOutput);
                }
            }
            if (SinkValues.Of("error", line, firing) is { } error)
            {
                json.WriteStartObject("error");
                json.WriteString("code", SinkValues.Of("error_code", line, firing));
                json.WriteString("message", error);
                json.WriteEndObject();
            }
            json.WriteEndObject();
        }
        bytes.WriteByte((byte)'\n');
        return bytes.ToArray();
    }
}

using System.Buffers.Binary;
using Sluice.Jobs;

namespace Sluice.Store;

/// <summary>
/// The ids of a submission's jobs: a UUIDv7 with the submission's time, 42 of its random bits and, in the last 32, the line's number. Feeding a line again
/// therefore meets its own job, and jobs sort as their lines do.
/// </summary>
public static class SubmissionJobs
{
    public static JobId IdOf(Guid submission, int line)
    {
        Span<byte> bytes = stackalloc byte[16];
        submission.TryWriteBytes(bytes, bigEndian: true, out _);
        bytes[6] = (byte)((bytes[6] & 0x0F) | 0x70);
        bytes[8] = (byte)((bytes[8] & 0x3F) | 0x80);
        BinaryPrimitives.WriteInt32BigEndian(bytes[12..], line);
        return new JobId(new Guid(bytes, bigEndian: true));
    }

    /// <summary>Of a job that has a submission.</summary>
    public static int LineOf(JobId job)
    {
        Span<byte> bytes = stackalloc byte[16];
        job.Value.TryWriteBytes(bytes, bigEndian: true, out _);
        return BinaryPrimitives.ReadInt32BigEndian(bytes[12..]);
    }
}

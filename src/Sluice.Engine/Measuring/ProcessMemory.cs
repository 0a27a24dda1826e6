using System.Globalization;

namespace Sluice.Engine.Measuring;

/// <summary>Bytes of this process that lie in memory, as Linux counts them; 0 elsewhere.</summary>
internal static class ProcessMemory
{
    /// <summary>Now.</summary>
    public static long Resident => Read("VmRSS:");

    /// <summary>At the most since the process began.</summary>
    public static long Peak => Read("VmHWM:");

    private static long Read(string field)
    {
        const string Status = "/proc/self/status";
        if (!File.Exists(Status))
            return 0;
        foreach (string line in File.ReadLines(Status))
        {
            if (line.StartsWith(field, StringComparison.Ordinal))
                return 1024 * long.Parse(line.AsSpan(field.Length).Trim().ToString().Split(' ')[0], CultureInfo.InvariantCulture);
        }

        return 0;
    }
}

namespace Sluice.Service.Schedules;

/// <summary>A source cannot give its rows; the message says why, for the schedule's owner. <see cref="MayPass"/>: another attempt may succeed.</summary>
internal sealed class SourceException(string message, Exception? inner = null, bool mayPass = false) : Exception(message, inner)
{
    public bool MayPass => mayPass;
}

/// <summary>A sink cannot take answers; the message says why, for the schedule's owner. <see cref="MayPass"/>: another attempt may succeed.</summary>
internal sealed class SinkException(string message, Exception? inner = null, bool mayPass = false) : Exception(message, inner)
{
    public bool MayPass => mayPass;
}

/// <summary>Another scheduler has the run now, or it was told to stop: nothing more is written for it here.</summary>
internal sealed class FiringLostException() : Exception("The run is not this scheduler's any more.");

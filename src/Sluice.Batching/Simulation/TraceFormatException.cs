namespace Sluice.Batching.Simulation;

/// <summary>A trace that cannot be read; the message names the line and the field.</summary>
internal sealed class TraceFormatException(string message) : Exception(message);

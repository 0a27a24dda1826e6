namespace Sluice.Engine.Backends.Cpu;

/// <summary>A product whose panels of 32 outputs can be computed one run at a time, to wherever it is aimed.</summary>
internal unsafe interface IPanelWork : IWork
{
    int Rows { get; }

    int Panels { get; }

    /// <summary>Sets where outputs go: output o of row r to y[r x stride + o].</summary>
    void AimAt(float* y, nint stride);

    /// <summary>Panels [from, to) of every row.</summary>
    void Compute(int from, int to);
}

namespace Sluice.Engine.Backends.Cpu;

/// <summary>One operation, cut into as many shares as there are workers; a share does not depend on the others.</summary>
internal interface IWork
{
    /// <summary>Does share <paramref name="worker"/> of <paramref name="workers"/>. Never throws.</summary>
    void Run(int worker, int workers);
}

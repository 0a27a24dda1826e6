namespace Sluice.Store;

/// <summary>The database does not keep what the service promises (its settings, its role, its schema); the message says what to do.</summary>
public sealed class StoreUnfitException(string message) : Exception(message);

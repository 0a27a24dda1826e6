namespace Sluice.Service;

/// <summary>A setting cannot be used; the message names it and says why.</summary>
public sealed class SettingException(string message, Exception? inner = null) : Exception(message, inner);

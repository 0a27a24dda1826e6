namespace Sluice.Engine.Weights;

/// <summary>A model folder that cannot be loaded: the message names the file, the field or tensor, what was expected and what was found.</summary>
public class ModelFormatException : Exception
{
    public ModelFormatException()
    {
    }

    public ModelFormatException(string message)
        : base(message)
    {
    }

    public ModelFormatException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}

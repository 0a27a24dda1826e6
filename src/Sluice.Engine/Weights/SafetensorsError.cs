namespace Sluice.Engine.Weights;

/// <summary>What is wrong with a safetensors file.</summary>
public enum SafetensorsError
{
    /// <summary>Shorter than the eight bytes of the header length.</summary>
    FileTooShort,

    /// <summary>The header says that it is longer than 100,000,000 bytes.</summary>
    HeaderTooLarge,

    /// <summary>The header would end beyond the file.</summary>
    HeaderBeyondFile,

    HeaderNotUtf8,

    /// <summary>Not JSON, or not one object and nothing else.</summary>
    HeaderNotJson,

    HeaderTooDeep,

    /// <summary>A tensor, or a field of one, named twice.</summary>
    DuplicateKey,

    /// <summary>__metadata__ that is not an object of strings.</summary>
    InvalidMetadata,

    /// <summary>A tensor without dtype, shape or data_offsets, or with a field of another kind.</summary>
    InvalidTensor,

    UnknownDataType,

    /// <summary>Elements or bytes that do not fit 63 bits.</summary>
    SizeOverflow,

    /// <summary>data_offsets that end before they begin.</summary>
    OffsetsReversed,

    /// <summary>A hole or an overlap between tensors, or a first tensor that does not begin at 0.</summary>
    OffsetsNotContiguous,

    /// <summary>data_offsets whose length is not shape x element size.</summary>
    SizeMismatch,

    /// <summary>The last tensor does not end where the file ends.</summary>
    FileLengthMismatch,
}

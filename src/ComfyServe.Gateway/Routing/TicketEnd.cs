namespace ComfyServe.Gateway.Routing;

/// <summary>What came of a ticket.</summary>
internal enum TicketEnd
{
    /// <summary>Nothing, and its key is not to blame.</summary>
    Returned,

    /// <summary>Its request was seen at its worker.</summary>
    Used,

    /// <summary>Nobody used it, though its worker could be reached.</summary>
    Wasted,
}

namespace ComfyServe.Engine.Execution;

/// <summary>Who gets a message of a run.</summary>
internal enum Audience
{
    /// <summary>The prompt's client; nobody where the prompt named none.</summary>
    Client,

    /// <summary>The prompt's client; every client where the prompt named none.</summary>
    ClientOrAll,
}

// Draws the merged document. Nothing is sent from here: the page reads one document of its own origin.
const theme = matchMedia('(prefers-color-scheme: dark)')
const follow = () => document.documentElement.classList.toggle('dark-mode', theme.matches)
theme.addEventListener('change', follow)
follow()

SwaggerUIBundle({
  url: '/docs/openapi.json',
  dom_id: '#reference',
  deepLinking: true,
  docExpansion: 'none',
  defaultModelsExpandDepth: -1,
  defaultModelRendering: 'model',
  defaultModelExpandDepth: 3,
  displayOperationId: false,
  filter: true,
  supportedSubmitMethods: [],
  validatorUrl: null,
  queryConfigEnabled: false,
  showExtensions: false,
})

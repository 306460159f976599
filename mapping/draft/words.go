package draft

import (
	"slices"
	"strings"

	"wolkvox-import/mapping/internal/text"
)

// roleWords are the names that old systems give to columns, in Spanish, English and Portuguese, folded.
// A column's role is the first whose word its name is; failing that, the first whose word
// it contains.
var roleWords = []struct {
	role  string
	words []string
}{
	{"key", []string{"id ticket", "ticket id", "ticketid", "id de ticket", "ticket number", "ticket#", "tn",
		"numero de ticket", "n° ticket", "nro ticket", "id caso", "case number", "numero de caso", "radicado",
		"folio", "protocolo", "chamado", "id solicitud", "request id", "id de vale", "id", "numero", "number",
		"nro", "no.", "#", "codigo"}},
	{"contact", []string{"correo contacto", "correo electronico", "correo del cliente", "correo cliente",
		"email del contacto", "email cliente", "correo", "email", "e-mail", "mail", "contact email", "customer email",
		"customeruserid", "customeruser", "requester email", "remitente", "from"}},
	{"subject", []string{"asunto", "subject", "titulo", "title", "assunto", "resumen", "summary", "tema"}},
	{"body", []string{"descripcion", "detalle", "description", "body", "mensaje", "message", "comentario", "texto",
		"text", "contenido", "conteudo", "descricao", "observaciones", "observacion", "problema", "novedad", "caso"}},
	{"type", []string{"tipo de solicitud", "tipo de caso", "tipo", "type", "clasificacion", "classification",
		"categoria", "category", "clase"}},
	{"status", []string{"estado", "status", "state", "situacion", "situacao", "estatus", "etapa"}},
	{"priority", []string{"prioridad", "priority", "prioridade", "urgencia", "severidad", "severity"}},
	{"owner", []string{"agente", "agent", "asignado a", "asignado", "assignee", "assigned to", "responsable",
		"responsible", "propietario", "propietario del ticket", "owner", "atendido por", "responsavel", "tecnico",
		"encargado"}},
	{"solution", []string{"solucion", "solution", "resolucion", "resolution", "solucao", "respuesta", "answer",
		"cierre"}},
	{"files", []string{"archivos adjuntos", "archivos", "archivo", "adjuntos", "adjunto", "attachments", "attachment",
		"anexos", "anexo", "files", "file", "fotos"}},
}

// roleOf returns the role that a column's name suggests, and how surely: 2 by the whole
// name, 1 by a part of it, 0 not at all.
func roleOf(name string) (role string, sure int) {
	folded := strings.Join(strings.FieldsFunc(text.Fold(name),
		func(r rune) bool { return strings.ContainsRune(" _-:()", r) }), " ")
	for _, r := range roleWords {
		if slices.Contains(r.words, folded) {
			return r.role, 2
		}
	}
	for _, r := range roleWords {
		for _, w := range r.words {
			if len(w) > 3 && strings.Contains(" "+folded+" ", " "+w+" ") {
				return r.role, 1
			}
		}
	}
	return "", 0
}

// meanings translate what old systems say into what every CRM has; values that are
// specific to a tenant are a person's to say.
var meanings = map[string]map[string]string{
	"type": {
		"queja": "Complaints", "quejas": "Complaints", "complaint": "Complaints", "complaints": "Complaints",
		"reclamacao": "Complaints",
		"reclamo":    "Claims", "reclamos": "Claims", "claim": "Claims", "claims": "Claims", "garantia": "Claims",
		"sugerencia": "Suggestions", "sugerencias": "Suggestions", "suggestion": "Suggestions",
		"suggestions": "Suggestions", "sugestao": "Suggestions",
		"peticion": "Request", "solicitud": "Request", "request": "Request", "requerimiento": "Request",
		"consulta": "Request", "question": "Request", "pregunta": "Request", "incident": "Request",
		"incidente": "Request", "incidencia": "Request", "problem": "Request", "problema": "Request",
		"change": "Request", "cambio": "Request", "solicitacao": "Request", "duvida": "Request",
	},
	"priority": {
		"alta": "alta", "alto": "alta", "high": "alta", "urgente": "alta", "urgent": "alta", "critica": "alta",
		"critical": "alta", "critico": "alta", "muy alta": "alta", "very high": "alta", "1 very high": "alta",
		"2 high": "alta", "4 high": "alta", "5 very high": "alta",
		"media": "media", "medio": "media", "medium": "media", "normal": "media", "3 normal": "media",
		"baja": "baja", "bajo": "baja", "low": "baja", "baixa": "baja", "2 low": "baja", "1 very low": "baja",
		"very low": "baja", "muy baja": "baja",
	},
}

// closedWords are statuses that look as if they close a case.
var closedWords = []string{"cerrado", "cerrada", "closed", "resuelto", "resuelta", "resolved", "solved",
	"solucionado", "finalizado", "terminado", "concluido", "fechado", "resolvido", "encerrado", "closed successful",
	"closed unsuccessful", "listo", "ok", "merged", "removed"}

func looksClosed(v string) bool { return slices.Contains(closedWords, text.Fold(v)) }

// emptyWords are cells that stand for nothing.
var emptyWords = []string{"-selecciona-", "- selecciona -", "-none-", "--none--", "null", "n/a", "na", "#n/a", "-",
	"--", "---", "(vacio)", "vacio", "ninguno", "none", "sin definir", "undefined", "nan"}

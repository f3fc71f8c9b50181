// SPDX-License-Identifier: MIT
// What both pages need: calls of the API, and telling how they went.

/** Calls the API: { ok, status, body }; a problem document is the body of what is refused. */
export async function call(method, path, json, csrf) {
	const headers = { Accept: 'application/json' };
	if (json !== undefined) headers['Content-Type'] = 'application/json';
	if (csrf) headers['X-CSRF-Token'] = csrf;
	try {
		const answer = await fetch(path, { method, headers, body: json === undefined ? undefined : JSON.stringify(json) });
		const text = await answer.text();
		return { ok: answer.ok, status: answer.status, body: text ? JSON.parse(text) : null };
	} catch {
		return { ok: false, status: 0, body: { detail: 'The server does not answer.', hint: 'Check the connection and try again.' } };
	}
}

export const element = (id) => document.getElementById(id);

/** Shows a text above the form, for screen readers too; '' takes it away. */
export function say(text, good = false) {
	const message = element('message');
	message.hidden = text === '';
	message.classList.toggle('good', good);
	message.textContent = text;
}

const sentence = (text) => text ? `${text[0].toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}` : '';

/** Tells what was refused and goes to the field that is wrong. */
export function refuse({ body }, form) {
	say([body?.detail, body?.hint].map(sentence).filter(Boolean).join(' ') || 'That did not work.');
	const field = form?.elements.namedItem(body?.field ?? '');
	if (!field) return;
	field.setAttribute('aria-invalid', 'true');
	field.focus();
}

/** Has `work` done on submit, once at a time, with the fields as an object. */
export function onSubmit(form, work) {
	form.addEventListener('submit', async (event) => {
		event.preventDefault();
		const button = form.querySelector('button');
		if (button.disabled) return;
		for (const field of form.elements) field.removeAttribute('aria-invalid');
		say('');
		button.disabled = true;
		try {
			await work(Object.fromEntries(new FormData(form)));
		} finally {
			button.disabled = false;
		}
	});
}
